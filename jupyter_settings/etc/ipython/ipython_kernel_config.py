"""Installed into the learner's environment with planlab: kernels log errors, not warnings."""

c = get_config()  # noqa: F821 (IPython defines it)

# A kernel on this machine alone warns at each start that its sockets are not encrypted.
c.IPKernelApp.log_level = "ERROR"
