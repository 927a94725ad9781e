"""The same thing many times at once."""

import threading


def at_once(functions):
    """Start every function at one moment, each in a thread of its own; their results in order.

    An exception of a function is its result, so that no failure is lost.
    """
    barrier = threading.Barrier(len(functions))
    results = [None] * len(functions)

    def run(number, function):
        try:
            barrier.wait(60)
            results[number] = function()
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def bind_at_once(sessions, dn, password):
    """Bind every session (connected already) with the same credential; the result codes."""
    for session in sessions:
        session.root_dse()
    outcomes = at_once([lambda s=s: s.bind(dn, password) for s in sessions])
    return [o.code if hasattr(o, "code") else o for o in outcomes]
