/* A small site on libmicrohttpd that counts its visitors.
 *
 *     server [--port N] [--workers N] [CONFIGURATION.toml]
 *
 * With --workers the tracker is opened once and the process forks, as nginx, uWSGI and gunicorn do. SIGTERM or
 * SIGINT ends it: what is under way is answered, what waits is delivered, and every process prints its books. */

#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "listener.h"
#include "pages.h"
#include "tracking.h"
#include "visit.h"
#include "workers.h"

enum { THREADS = 4, DRAIN_MILLISECONDS = 2000, CLOSE_MILLISECONDS = 5000 };

static const char CONFIGURATION[] = "consent.policy = \"notice\"\ntrack.ignore = [\"/admin/\"]\n";

static atomic_bool stopping;

static enum MHD_Result respond(struct visit *visit, struct MHD_Connection *connection, unsigned status,
                               const struct page *page)
{
    trackside_bytes notice = { "", 0 }; /* stays empty where none is due */
    trackside_exchange_notice(visit->exchange, NULL, &notice, NULL);
    trackside_bytes beacon = { "", 0 }; /* stays empty without `beacon.path` */
    trackside_exchange_beacon(visit->exchange, &beacon, NULL);
    char html[4096];
    snprintf(html, sizeof html, "<!doctype html><title>%s</title><h1>%s</h1>%s<footer>%.*s</footer>%.*s\n",
             page->title, page->title, page->text, (int)notice.length, notice.data, (int)beacon.length, beacon.data);
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(html), html, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
    if (status == MHD_HTTP_SEE_OTHER)
        MHD_add_response_header(response, "Location", "/thanks");
    if (atomic_load(&stopping))
        MHD_add_response_header(response, "Connection", "close");
    trackside_exchange_set_title(visit->exchange, trackside_text(page->title), NULL);
    visit_finish(visit, status, response);
    const enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

/* MHD calls it when the headers are there, for each piece of a body, and when the request is whole. */
static enum MHD_Result on_request(void *tracker, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *body, size_t *body_size,
                                  void **context)
{
    (void)version;
    (void)body;
    struct visit *visit = *context;
    if (visit == NULL)
        return MHD_NO; /* out of memory: closes the connection */
    if (!visit->begun) {
        visit_begin(visit, tracker, connection, method);
        return MHD_YES;
    }
    if (*body_size > 0) {
        *body_size = 0;
        return MHD_YES;
    }
    if (visit->answer != NULL)
        return visit_answer(visit, connection);
    if (strcmp(method, "POST") == 0 && strcmp(path, "/order") == 0) {
        trackside_event order = TRACKSIDE_EVENT_INIT;
        order.name = trackside_text("order");
        order.value = 12.5;
        order.has_value = true;
        trackside_exchange_add_event(visit->exchange, &order, NULL);
        return respond(visit, connection, MHD_HTTP_SEE_OTHER, &ORDERED);
    }
    for (size_t i = 0; i < sizeof PAGES / sizeof PAGES[0]; i++)
        if (strcmp(path, PAGES[i].path) == 0)
            return respond(visit, connection, MHD_HTTP_OK, &PAGES[i]);
    return respond(visit, connection, MHD_HTTP_NOT_FOUND, &MISSING);
}

/* Serves until a signal comes, then lets end what is under way. */
static int serve(trackside_tracker *tracker, int listener, const sigset_t *signals)
{
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, tracker,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
        MHD_OPTION_URI_LOG_CALLBACK, visit_open, NULL, MHD_OPTION_NOTIFY_COMPLETED, visit_close, NULL, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    int signal = 0;
    sigwait(signals, &signal);
    atomic_store(&stopping, true);
    MHD_quiesce_daemon(daemon);
    const struct timespec tick = { 0, 10 * 1000 * 1000 };
    for (int waited = 0; waited < DRAIN_MILLISECONDS; waited += 10) {
        if (MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections == 0)
            break;
        nanosleep(&tick, NULL);
    }
    MHD_stop_daemon(daemon);
    return 0;
}

int main(int count, char *arguments[])
{
    int port = 8080, workers = 0;
    const char *file = NULL;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--port") == 0 && i + 1 < count)
            port = atoi(arguments[++i]);
        else if (strcmp(arguments[i], "--workers") == 0 && i + 1 < count)
            workers = atoi(arguments[++i]);
        else
            file = arguments[i];
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line in one write: no two processes mix theirs */
    const sigset_t signals = workers_signals();
    trackside_tracker *tracker = tracking_open(file, CONFIGURATION);
    const int listener = listener_open(port);

    const bool serves = workers == 0 || workers_fork(workers);
    const int failed = serves ? serve(tracker, listener, &signals) : workers_wait(&signals);

    tracking_close(tracker, CLOSE_MILLISECONDS);
    return failed;
}
