"""Ask one question of a running service and say what it answered; never claim more than was heard."""
