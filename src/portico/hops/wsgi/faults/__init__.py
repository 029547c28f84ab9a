"""Rules of the doctor about this hop: each looks at the evidence and yields findings."""
