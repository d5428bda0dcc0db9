// Package edgeauth is the root of the module and holds no code: the binary is in cmd/edgeauth, and docs/architecture.md says
// where everything else is. The tests beside this file keep the rules between the packages, each with its reason.
package edgeauth
