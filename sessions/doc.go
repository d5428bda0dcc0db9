// Package sessions is the index of who is logged in where: for each subject the sessions that were begun and have not come to
// their end, with device, place, and when they were last seen. It serves "my sessions" and operators, and it is advisory. A
// session is its cookie, and whether it may be used the revocation log says; what is missing here can be used all the same, and
// what stands here may have ended ([Record.State] asks the log). So nothing ever hangs on it: a write that fails fails no login, and a
// session is ended in the log, by its family, never here.
//
// The package knows what a record holds, how it is sealed and where it lies, and nothing of HTTP, of policy, or of which store.
package sessions
