"""What the gateway's tests run it between: somebody who calls it, and a stand-in for each service behind it."""
