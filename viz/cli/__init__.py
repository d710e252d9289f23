"""The command ``glassgrad``: an expression goes in; a table of values and gradients and a picture come out."""
