package sandbox

import (
	"fmt"
	"slices"
)

// organization joins accounts of a sandbox under one management account.
type organization struct {
	id         string
	management string
	members    []string // with the management account first
}

func (o *organization) has(account string) bool { return slices.Contains(o.members, account) }

// CreateOrganization makes the account the management account of the sandbox's
// one organisation, with the others as members.
func (a *Account) CreateOrganization(members ...*Account) error {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	if a.sb.org != nil {
		return fmt.Errorf("sandbox: account %s is the management account of an organisation already", a.sb.org.management)
	}
	o := &organization{id: "o-" + a.sb.lowerID(10), management: a.ID, members: []string{a.ID}}
	for _, m := range members {
		o.members = append(o.members, m.ID)
	}
	a.sb.org = o
	return nil
}

// lowerID makes an identifier of small letters and digits.
func (s *Sandbox) lowerID(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.opts.Rand.IntN(len(alphabet))]
	}
	return string(b)
}
