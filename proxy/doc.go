// Package proxy owns the data plane of one public origin: it reads a request's target, finds its route, admits or
// refuses, removes what only the edge may say, adds who is there, and carries the exchange to an upstream and back.
//
// It decides nothing about people (policy does), logs nobody in (it only says where: /.edgeauth/login) and knows no
// store, configuration or identity provider.
//
// # What an upstream is told
//
// Identity headers carry printable ASCII as it is. The percent sign, all bytes outside 0x20–0x7E, and spaces at either
// end are percent-encoded byte by byte (of the UTF-8 form), so that decoding percent escapes once always gives the
// original. Groups are joined by commas; a comma within a group's name is encoded. What is not known is not sent, and
// whatever a client sent under such a name, in any spelling that CGI-style servers fold together, is removed. A value
// of more than 8 KiB after encoding is not cut: the request is refused (403, identity_too_large).
//
// An upstream may be given the session's access token, in a header of its own choice. It is never asked without it: who is known
// and whose token cannot be had is sent to log in (401 for programs), or told to come back (503) where provider or store are
// away. What a client sends in such a header does not reach it.
//
// X-Forwarded-For holds the client's address (one, not a chain), X-Forwarded-Proto and X-Forwarded-Host the public
// origin, X-Request-Id the id that also stands in the access log. CDN-Loop counts the edges that a request came through;
// one too many is answered with 508.
//
// # What comes back
//
// A response cannot set the edge's cookies, speak in its identity headers, start NTLM or Negotiate (both authenticate
// connections, which the edge shares between people) or register device-bound sessions. Responses to identified
// requests are private to the browser's cache. What a backend sends before it is asked, or behind an answer, ends its
// connection and reaches nobody. Clear-Site-Data is the application's own business and passes.
package proxy
