"""The doctor: look at everything once, judge it by rules, say the root cause first, and where it is safe, mend it."""
