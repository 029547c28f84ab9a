"""The doctor's eyes: each module looks at one kind of thing on this machine and returns what it saw, changing nothing."""
