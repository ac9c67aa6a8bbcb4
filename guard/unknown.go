package guard

import (
	"strings"

	"riposte.dev/action"
)

// mayMean reports whether a pattern of ARNs may cover a resource of which is not known which one it is: one of the same service in
// an account that the pattern does not rule out.
func mayMean(pattern string, r action.Resource) bool {
	if !r.Unknown {
		return false
	}
	wanted, given := strings.SplitN(pattern, ":", 6), strings.SplitN(r.ARN, ":", 6)
	if len(wanted) < 6 || len(given) < 6 {
		return true // such as *
	}
	account := wanted[4]
	return glob(wanted[2], given[2]) && (account == "" || r.Account == "" || glob(account, r.Account))
}

// names reports whether the scope names a call that a playbook makes by itself, or an action that reaches outside of AWS. One that
// names no actions, or all of them, was written for riposte's own actions on accounts.
func (s Scope) names(name string) bool {
	for _, pattern := range s.Actions {
		if !strings.HasPrefix(pattern, "*") && glob(pattern, name) {
			return true
		}
	}
	return false
}
