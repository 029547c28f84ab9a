"""Rules of the doctor about what two neighbouring hops must agree on."""
