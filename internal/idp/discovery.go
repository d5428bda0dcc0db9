package idp

import "net/http"

// discovery answers with the provider's metadata (OpenID Connect Discovery 1.0, section 3).
func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	doc := s.metadata()
	if edit := s.lies.Load().Discovery; edit != nil {
		edit(doc)
	}
	writeJSON(w, http.StatusOK, doc)
}

func (s *Server) metadata() map[string]any {
	return map[string]any{
		"issuer":                                         s.Issuer(),
		"authorization_endpoint":                         s.endpoint("/authorize"),
		"token_endpoint":                                 s.endpoint("/token"),
		"jwks_uri":                                       s.endpoint("/jwks"),
		"userinfo_endpoint":                              s.endpoint("/userinfo"),
		"end_session_endpoint":                           s.endpoint("/end_session"),
		"revocation_endpoint":                            s.endpoint("/revoke"),
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query", "form_post"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256", "ES256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":               []string{"S256"},
		"scopes_supported":                               []string{"openid", "profile", "email", "groups"},
		"claims_supported":                               []string{"sub", "name", "preferred_username", "email", "email_verified", "groups", "acr", "amr", "auth_time", "sid"},
		"acr_values_supported":                           s.contexts.Names(),
		"prompt_values_supported":                        []string{"none", "login"},
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"claims_parameter_supported":                     true,
		"authorization_response_iss_parameter_supported": true,
		"backchannel_logout_supported":                   true,
		"backchannel_logout_session_supported":           true,
	}
}
