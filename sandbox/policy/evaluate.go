package policy

import (
	"regexp"
	"strings"
)

// Decision is the outcome of an evaluation.
type Decision int

// The decisions, from weak to strong.
const (
	ImplicitDeny Decision = iota
	Allowed
	ExplicitDeny
)

// Request is what policies decide on.
type Request struct {
	Action   string // "cloudtrail:StopLogging"
	Resource string // an ARN, or "*" for actions without a resource
	// Who asks; matched by Principal elements only.
	PrincipalARN string  // of the user, role session or root
	IssuerARN    string  // of the role behind a session, "" otherwise
	AccountID    string  // of the principal
	Service      string  // "cloudtrail.amazonaws.com" when a service asks, else ""
	Context      Context // condition keys
}

// Context holds the values of condition keys by lower-case name. Times are
// RFC 3339, booleans "true" and "false".
type Context map[string][]string

// Evaluate decides by all documents together: an explicit deny wins, then any
// allow. Statements with a Principal element are matched against it.
func Evaluate(docs []*Document, r *Request) Decision {
	decision := ImplicitDeny
	for _, d := range docs {
		for i := range d.Statements {
			s := &d.Statements[i]
			if !s.matches(r) {
				continue
			}
			if !s.Allow {
				return ExplicitDeny
			}
			decision = Allowed
		}
	}
	return decision
}

func (s *Statement) matches(r *Request) bool {
	if !s.matchesAction(r.Action) || !s.matchesResource(r) {
		return false
	}
	if s.Principal != nil && !s.Principal.match(r) || s.NotPrincipal != nil && s.NotPrincipal.match(r) {
		return false
	}
	for _, c := range s.Conditions {
		if !c.holds(r) {
			return false
		}
	}
	return true
}

func (s *Statement) matchesAction(action string) bool {
	action = strings.ToLower(action)
	for _, a := range s.Actions {
		if Like(action, strings.ToLower(a)) {
			return true
		}
	}
	if len(s.NotActions) == 0 {
		return false
	}
	for _, a := range s.NotActions {
		if Like(action, strings.ToLower(a)) {
			return false
		}
	}
	return true
}

func (s *Statement) matchesResource(r *Request) bool {
	// Trust policies have neither.
	if len(s.Resources) == 0 && len(s.NotResources) == 0 {
		return true
	}
	for _, p := range s.Resources {
		if Like(r.Resource, r.expand(p)) {
			return true
		}
	}
	if len(s.NotResources) == 0 {
		return false
	}
	for _, p := range s.NotResources {
		if Like(r.Resource, r.expand(p)) {
			return false
		}
	}
	return true
}

// match says whether a Principal element covers the one who asks. An account
// ("123456789012" or its root ARN) covers everybody in it.
func (p *Principals) match(r *Request) bool {
	if r.Service != "" {
		for _, s := range p.Services {
			if s == r.Service {
				return true
			}
		}
		return p.Any
	}
	if p.Any {
		return true
	}
	for _, a := range p.AWS {
		if a == "*" || a == r.PrincipalARN || r.IssuerARN != "" && a == r.IssuerARN ||
			r.AccountID != "" && (a == r.AccountID || a == "arn:aws:iam::"+r.AccountID+":root") {
			return true
		}
	}
	return false
}

// Names says whether a statement that allows the request names the principal
// itself, not merely its account. Only then a policy on a resource suffices
// without one on the identity, in one account.
func (d *Document) Names(r *Request) bool {
	for i := range d.Statements {
		s := &d.Statements[i]
		if !s.Allow || s.Principal == nil || !s.matches(r) {
			continue
		}
		for _, a := range s.Principal.AWS {
			if a == r.PrincipalARN || r.IssuerARN != "" && a == r.IssuerARN {
				return true
			}
		}
	}
	return false
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// escape marks a * or ? that stands for itself. It can't occur in a document:
// JSON has no bare NUL, and ARNs and names no escaped one.
const escape = "\x00"

var literal = strings.NewReplacer("*", escape+"*", "?", escape+"?")

// expand replaces ${aws:username} and the like; ${*}, ${?} and ${$} are the
// characters themselves, and so are those in a variable's value. An unknown
// variable matches nothing, so it stays.
func (r *Request) expand(p string) string {
	if !strings.Contains(p, "${") {
		return p
	}
	return variable.ReplaceAllStringFunc(p, func(m string) string {
		name, fallback, hasFallback := strings.Cut(m[2:len(m)-1], ",")
		if name == "*" || name == "?" || name == "$" {
			return literal.Replace(name)
		}
		if v := r.Context[strings.ToLower(strings.TrimSpace(name))]; len(v) == 1 {
			return literal.Replace(v[0])
		}
		if hasFallback {
			return literal.Replace(strings.Trim(strings.TrimSpace(fallback), "'"))
		}
		return m
	})
}
