"""Installed into the learner's environment with planlab: Lab asks the network for nothing."""

c = get_config()  # noqa: F821 (Jupyter defines it)

c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"  # the other one lists extensions from a package index
