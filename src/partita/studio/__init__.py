"""The studio: every verb of `partita.tasks` in a browser, on this machine alone.

    page (static/) --HTTP--> app --> queue --> worker processes --> tasks
                   <--events--

The server imports neither torch nor numpy, so that it is up at once; whatever computes does so in `worker`.
"""
