"""Where it is recorded: sound banks, drum kits, synthesiser, mixing desk and mastering."""
