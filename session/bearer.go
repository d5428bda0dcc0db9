package session

import "github.com/edgeauth/edgeauth/revocation"

// Bearer is what the log can speak of this session by.
func (s *Session) Bearer() revocation.Bearer {
	return revocation.Bearer{
		ID: s.ID, Family: s.Family, Subject: s.Subject, IdPSession: s.IdPSession(), Device: s.Device,
		Epoch: s.Epoch, Incarnation: s.Incarnation,
	}
}
