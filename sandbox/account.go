package sandbox

import (
	"fmt"
	"maps"
	"regexp"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// account is one AWS account.
type account struct {
	id, name, email string
	joined          time.Time
	tags            map[string]string // as an account of the organisation
}

// identities is the IAM state of an account.
type identities struct {
	alias  string
	users  map[string]*user              // by name
	roles  map[string]*role              // by name
	parsed map[string][]*policy.Document // by text; see parse
	// managed are the customer managed policies by ARN. A policy is replaced, never changed.
	managed   map[string]*managedPolicy
	groups    map[string]*group    // by name
	mfa       map[string]mfaDevice // by serial number
	passwords wire.Object          // the password policy; replaced, never changed
}

type user struct {
	name, id, path, arn string
	created             time.Time
	tags                map[string]string
	inline              map[string]string // policy documents by name
	attached            []string          // ARNs of managed policies
	keys                []*accessKey
	login               *loginProfile // replaced, never changed
	groups              []string      // by name
	others              []userCredential
}

type accessKey struct {
	id      string
	active  bool
	created time.Time
}

type role struct {
	name, id, path, arn, description string
	created                          time.Time
	trust                            string
	maxSession                       time.Duration
	tags                             map[string]string
	inline                           map[string]string
	attached                         []string
}

func newIdentities() *identities {
	return &identities{
		users: map[string]*user{}, roles: map[string]*role{}, managed: map[string]*managedPolicy{},
		groups: map[string]*group{}, mfa: map[string]mfaDevice{},
	}
}

func (s *identities) clone() stater {
	out := newIdentities()
	out.alias, out.managed, out.mfa, out.passwords = s.alias, maps.Clone(s.managed), maps.Clone(s.mfa), s.passwords
	for k, g := range s.groups {
		out.groups[k] = g.clone()
	}
	for k, u := range s.users {
		c := *u
		c.tags, c.inline, c.attached = maps.Clone(u.tags), maps.Clone(u.inline), append([]string(nil), u.attached...)
		c.keys, c.groups, c.others = nil, append([]string(nil), u.groups...), append([]userCredential(nil), u.others...)
		for _, key := range u.keys {
			k := *key
			c.keys = append(c.keys, &k)
		}
		out.users[k] = &c
	}
	for k, r := range s.roles {
		c := *r
		c.tags, c.inline, c.attached = maps.Clone(r.tags), maps.Clone(r.inline), append([]string(nil), r.attached...)
		out.roles[k] = &c
	}
	return out
}

// identitiesOf is the present IAM state of an account.
func (s *Sandbox) identitiesOf(account string) *identities {
	return liveState(s, stateKey{"iam", account, ""}, newIdentities)
}

// Keys are credentials that a client signs with. SessionToken is empty unless
// they are temporary.
type Keys struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Account is a handle on an account, for setting a sandbox up.
type Account struct {
	ID string
	sb *Sandbox
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// CreateAccount adds an account with that id of twelve digits.
func (s *Sandbox) CreateAccount(id, name string) (*Account, error) {
	if !accountID.MatchString(id) {
		return nil, fmt.Errorf("sandbox: account %q: want twelve digits", id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[id] != nil {
		return nil, fmt.Errorf("sandbox: account %s exists already", id)
	}
	s.accounts[id] = &account{id: id, name: name, email: "aws+" + id + "@example.com", joined: s.opts.Clock.Now(), tags: map[string]string{}}
	return &Account{ID: id, sb: s}, nil
}

// CreateRootKey makes an access key of the account's root user.
func (a *Account) CreateRootKey() Keys {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	k := Keys{AccessKeyID: a.sb.newID("AKIA"), SecretAccessKey: a.sb.newSecret()}
	a.sb.keys[k.AccessKeyID] = &credential{secret: k.SecretAccessKey, account: a.ID, root: true, active: true, created: a.sb.opts.Clock.Now()}
	return k
}

// AdministratorAccess is the ARN of the managed policy that allows everything.
const AdministratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"

// CreateUser adds an IAM user and makes an access key for it. Each policy is a
// JSON document, or the ARN of a managed policy that the sandbox has
// (AdministratorAccess, ReadOnlyAccess, SecurityAudit).
func (a *Account) CreateUser(name string, policies ...string) (Keys, error) {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	ids := a.sb.identitiesOf(a.ID)
	if ids.users[name] != nil {
		return Keys{}, fmt.Errorf("sandbox: account %s has a user %s already", a.ID, name)
	}
	inline, attached, err := seedPolicies(policies)
	if err != nil {
		return Keys{}, fmt.Errorf("sandbox: user %s: %w", name, err)
	}
	u := a.sb.newUser(a.ID, name, "/")
	u.inline, u.attached = inline, attached
	ids.users[name] = u
	key, secret := a.sb.newAccessKey(a.ID, u)
	return Keys{AccessKeyID: key.id, SecretAccessKey: secret}, nil
}

// CreateRole adds a role with a trust policy and returns its ARN. policies are
// as for CreateUser.
func (a *Account) CreateRole(name, trust string, policies ...string) (string, error) {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	ids := a.sb.identitiesOf(a.ID)
	if ids.roles[name] != nil {
		return "", fmt.Errorf("sandbox: account %s has a role %s already", a.ID, name)
	}
	if _, err := policy.Parse([]byte(trust)); err != nil {
		return "", fmt.Errorf("sandbox: trust policy of role %s: %w", name, err)
	}
	inline, attached, err := seedPolicies(policies)
	if err != nil {
		return "", fmt.Errorf("sandbox: role %s: %w", name, err)
	}
	r := a.sb.newRole(a.ID, name, "/", trust)
	r.inline, r.attached = inline, attached
	ids.roles[name] = r
	return r.arn, nil
}

// SetTag sets a tag of the account, as Organizations keeps them.
func (a *Account) SetTag(key, value string) {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	a.sb.accounts[a.ID].tags[key] = value
}

func seedPolicies(policies []string) (inline map[string]string, attached []string, err error) {
	inline = map[string]string{}
	for i, p := range policies {
		if _, ok := managedPolicies[p]; ok {
			attached = append(attached, p)
			continue
		}
		if _, err := policy.Parse([]byte(p)); err != nil {
			return nil, nil, fmt.Errorf("policy %d is neither a managed policy of the sandbox nor a document: %w", i+1, err)
		}
		inline[fmt.Sprintf("policy-%d", i+1)] = p
	}
	return inline, attached, nil
}

func (s *Sandbox) newUser(account, name, path string) *user {
	return &user{
		name: name, id: s.newID("AIDA"), path: path, arn: arn("iam", "", account, "user"+path+name),
		created: s.opts.Clock.Now().UTC(), tags: map[string]string{}, inline: map[string]string{},
	}
}

func (s *Sandbox) newRole(account, name, path, trust string) *role {
	return &role{
		name: name, id: s.newID("AROA"), path: path, arn: arn("iam", "", account, "role"+path+name), trust: trust,
		created: s.opts.Clock.Now().UTC(), maxSession: time.Hour, tags: map[string]string{}, inline: map[string]string{},
	}
}
