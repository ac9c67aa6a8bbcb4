package accounts

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
)

// sessionLife is the longest session that a role may always give to another role
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining). Credentials are renewed some
// minutes before, at different times for different accounts.
const (
	sessionLife   = time.Hour
	sessionMargin = 10 * time.Minute
	sessionName   = "riposte"
)

// member is an account with what is kept for it between calls.
type member struct {
	Account
	cfg    aws.Config                   // all but the region
	assume *stscreds.AssumeRoleProvider // nil for riposte's own identity

	mu      sync.Mutex
	regions *regionList // nil until they were asked for
	health  Health
}

// newMember prepares the account; it calls nothing.
func (a *Accounts) newMember(account Account) *member {
	m := &member{Account: account, cfg: a.base.Copy(), health: Health{Account: account.ID, Name: account.Name, Status: Unknown}}
	if account.Role == "" {
		return m
	}
	m.assume = a.roleProvider(account.Role, account.ExternalID)
	cache := aws.NewCredentialsCache(m.assume, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = sessionMargin
		o.ExpiryWindowJitterFrac = 0.5
	})
	m.cfg.Credentials = cache
	own := newRetryer()
	m.cfg.Retryer = func() aws.Retryer { return own }
	m.cfg.APIOptions = append(slices.Clone(a.options.Base.APIOptions), observed(a.options.OnRequest, cache))
	return m
}

// roleProvider assumes a role with riposte's own identity, at the STS endpoint of riposte's region: the credentials of a
// regional endpoint are valid in every region, those of the global one not in regions that are opted in to
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html).
func (a *Accounts) roleProvider(role, externalID string) *stscreds.AssumeRoleProvider {
	return stscreds.NewAssumeRoleProvider(a.sts, role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		o.Duration = sessionLife
		if externalID != "" {
			o.ExternalID = aws.String(externalID)
		}
	})
}

// roster is the accounts at one moment. It is never changed, only replaced.
type roster struct {
	members map[string]*member
	sorted  []*member
}

// replace makes a roster of the configured accounts and the discovered ones; a configured one wins. Accounts that stay as
// they are keep their credentials. It reports whether anything changed.
func (a *Accounts) replace(discovered []Account) bool {
	a.replacing.Lock()
	defer a.replacing.Unlock()
	old := a.roster.Load()
	next := &roster{members: map[string]*member{}}
	changed := false
	for _, account := range slices.Concat(a.options.Accounts, discovered) {
		if next.members[account.ID] != nil {
			continue
		}
		kept := old.members[account.ID]
		if kept == nil || !same(kept.Account, account) {
			kept, changed = a.newMember(account), true
		}
		next.members[account.ID] = kept
		next.sorted = append(next.sorted, kept)
	}
	slices.SortFunc(next.sorted, func(x, y *member) int { return strings.Compare(x.ID, y.ID) })
	changed = changed || len(next.members) != len(old.members)
	if changed {
		a.roster.Store(next)
	}
	return changed
}

func same(x, y Account) bool {
	return x.ID == y.ID && x.Name == y.Name && x.Role == y.Role && x.ExternalID == y.ExternalID && slices.Equal(x.Regions, y.Regions)
}

// List returns the accounts that can be reached by a role, by id. riposte's own is among them only where it is configured
// or belongs to the organisation.
func (a *Accounts) List() []Account {
	r := a.roster.Load()
	list := make([]Account, len(r.sorted))
	for i, m := range r.sorted {
		list[i] = m.Account
	}
	return list
}
