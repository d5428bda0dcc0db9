package main

import "github.com/edgeauth/edgeauth/audit"

// meaning says what an event stands for. An event that this release does not know says so.
func meaning(name string) string {
	switch audit.Name(name) {
	case audit.LoginStarted:
		return "a browser was sent to a provider to log in"
	case audit.LoginSucceeded:
		return "a login gave a session"
	case audit.LoginRefused:
		return "a login came back and gave no session"
	case audit.SessionReplaced:
		return "a new login in the same browser ended the session that was there"
	case audit.Logout:
		return "somebody logged out"
	case audit.LogoutEverywhere:
		return "somebody logged out everywhere"
	case audit.SessionEnded:
		return "somebody ended another session of theirs"
	case audit.BackchannelOK:
		return "a provider ended sessions"
	case audit.BackchannelBad:
		return "a logout token was not accepted"
	case audit.RevocationMade:
		return "an operator ended sessions"
	case audit.RefreshRefused:
		return "a provider no longer vouches for a session, which ended it"
	case audit.TokensRevoked:
		return "a provider was told at a logout that tokens are no longer needed"
	case audit.AccessDenied:
		return "a session was known and not permitted; `edgeauth explain --url` says what would change that"
	case audit.AccessBlocked:
		return "a session met a route that is closed to it until more is proven"
	case audit.TwoCookies:
		return "a request carried two session cookies, and neither was used"
	case audit.Assessed:
		return "a login, or a request from elsewhere, was assessed"
	case audit.LevelRaised:
		return "all sessions of a person were raised to a level"
	case audit.StepUpAsked:
		return "a browser was sent to prove more"
	case audit.StepUpProven:
		return "more was proven"
	case audit.StepUpRefused:
		return "what came back did not prove what was asked for"
	case audit.AuthenticatorEnrolled:
		return "somebody set up an authenticator in the midst of a step-up"
	case audit.HistoryForgotten:
		return "an operator erased what was remembered of a person's logins"
	case audit.DryRunDifference:
		return "the candidate of dry_run would have answered otherwise"
	case audit.APICalled:
		return "somebody called the governance API"
	case audit.APIRefused:
		return "somebody unknown, or without the role, called the governance API"
	case audit.ReplayRefused, audit.LoopBroken, audit.LogReseeded, audit.LogBegun, audit.LogGap, audit.LogFromDisk, audit.ConfigReloaded, audit.ConfigRefused,
		audit.KeysReloaded, audit.OutboxDelivered, audit.EntryUnreadable:
		return "see docs/audit.md"
	}
	return "an event that this release does not know"
}
