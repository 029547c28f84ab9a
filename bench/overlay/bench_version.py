"""What /version/ answers: changed, and then asked for again, it shows which code serves."""

VERSION = "1"
