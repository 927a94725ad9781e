/*
 * listen.h - the gate's socket in the file system.
 */
#ifndef MUSTER_MUSTERD_LISTEN_H
#define MUSTER_MUSTERD_LISTEN_H

/*
 * listen_open - create the folder when it is missing and a socket in it that everybody may connect to. Who is asking is told by
 *               the kernel, later. A socket that nobody listens on any more is replaced.
 * out:   *fd_out  -1 on error; non-blocking, close-on-exec
 * error: ERR_CONFIG (the folder can be written by others, something else has the name, the path is too long),
 *        ERR_EXISTS (another process listens), ERR_IO (errno tells)
 */
int listen_open(const char *path, int *fd_out);

/* listen_close - close and remove the socket. */
void listen_close(const char *path, int *fd);

#endif
