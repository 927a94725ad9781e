# contrib - the two commands of the README and what they share
