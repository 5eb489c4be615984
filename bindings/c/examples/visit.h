/* Trackside in libmicrohttpd: what any server on it can take as it is. */

#ifndef VISIT_H
#define VISIT_H

#include <microhttpd.h>
#include <stdbool.h>
#include <trackside.h>

/* One request, in MHD's `*con_cls`. Tracking never fails a page: an exchange that could not begin is NULL, which
 * every function of trackside answers with a status that nobody has to look at. */
struct visit {
    char *target; /* as in the request line: the path that MHD gives is decoded already */
    bool begun;
    trackside_exchange *exchange;
    trackside_answer *answer; /* for a request of trackside's own, such as the beacon's; then there is no exchange */
};

/* For MHD_OPTION_URI_LOG_CALLBACK and MHD_OPTION_NOTIFY_COMPLETED. */
void *visit_open(void *closure, const char *target, struct MHD_Connection *connection);
void visit_close(void *closure, struct MHD_Connection *connection, void **visit, enum MHD_RequestTerminationCode code);

/* As soon as the request's headers are there, once. */
void visit_begin(struct visit *visit, const trackside_tracker *tracker, struct MHD_Connection *connection,
                 const char *method);

/* Queues the answer to a request of trackside's own. */
enum MHD_Result visit_answer(const struct visit *visit, struct MHD_Connection *connection);

/* Before the response is queued; appends the verdict's headers to it. */
void visit_finish(struct visit *visit, unsigned status, struct MHD_Response *response);

#endif
