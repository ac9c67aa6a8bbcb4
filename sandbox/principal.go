package sandbox

import (
	"encoding/base64"
	"fmt"
	"time"

	"riposte.dev/sandbox/policy"
)

// credential is what an access key id stands for.
type credential struct {
	secret  string
	account string
	active  bool
	created time.Time
	root    bool
	user    string // name; "" for root and roles
	used    keyUse
	session *session // of temporary credentials
}

// session is what STS gave out: of a role, or of a user (GetSessionToken).
type session struct {
	token          string
	role           string // name; "" for GetSessionToken
	name           string
	created        time.Time
	expires        time.Time
	mfa            bool
	sourceIdentity string
	policies       []string // session policies
	tags           map[string]string
}

// principal is who a call is made by.
type principal struct {
	kind        string // Root, IAMUser, AssumedRole as in userIdentity.type
	account     string
	arn, id     string
	name        string // of the user or role
	issuerARN   string // of the role
	issuerID    string
	accessKeyID string
	session     *session
	tags        map[string]string
	policies    []*policy.Document
	boundaries  [][]*policy.Document // each must allow, too: session policies
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// newID makes an IAM identifier: a prefix of four and seventeen characters
// (access keys: sixteen).
func (s *Sandbox) newID(prefix string) string {
	n := 17
	if prefix == "AKIA" || prefix == "ASIA" {
		n = 16
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = idAlphabet[s.opts.Rand.IntN(len(idAlphabet))]
	}
	return prefix + string(b)
}

func (s *Sandbox) newSecret() string { return base64.StdEncoding.EncodeToString(s.randomBytes(30)) }

func (s *Sandbox) randomBytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.opts.Rand.Uint32())
	}
	return b
}

// newUUID makes a version 4 UUID, as request and event ids are.
func (s *Sandbox) newUUID() string {
	b := s.randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (s *Sandbox) newAccessKey(account string, u *user) (*accessKey, string) {
	now := s.opts.Clock.Now().UTC()
	k, secret := &accessKey{id: s.newID("AKIA"), active: true, created: now}, s.newSecret()
	u.keys = append(u.keys, k)
	s.keys[k.id] = &credential{secret: secret, account: account, user: u.name, active: true, created: now}
	return k, secret
}

// newSession makes temporary credentials.
func (s *Sandbox) newSession(account, user string, ses *session) Keys {
	k := Keys{AccessKeyID: s.newID("ASIA"), SecretAccessKey: s.newSecret()}
	k.SessionToken = "IQoJ" + base64.StdEncoding.EncodeToString(s.randomBytes(240))
	ses.token = k.SessionToken
	s.keys[k.AccessKeyID] = &credential{
		secret: k.SecretAccessKey, account: account, user: user, root: user == "" && ses.role == "",
		active: true, created: ses.created, session: ses,
	}
	return k
}

// principalOf is who holds an access key; nil when the user or role is gone.
func (s *Sandbox) principalOf(keyID string, cred *credential) *principal {
	p := &principal{account: cred.account, accessKeyID: keyID, session: cred.session}
	ids := s.identitiesOf(cred.account)
	switch {
	case cred.session != nil && cred.session.role != "":
		r := ids.roles[cred.session.role]
		if r == nil {
			return nil
		}
		p.kind, p.name, p.issuerARN, p.issuerID = "AssumedRole", r.name, r.arn, r.id
		p.id = r.id + ":" + cred.session.name
		p.arn = arn("sts", "", cred.account, "assumed-role/"+r.name+"/"+cred.session.name)
		p.tags, p.policies = cred.session.tags, ids.policies(r.inline, r.attached)
		if len(cred.session.policies) > 0 {
			p.boundaries = append(p.boundaries, ids.parse(cred.session.policies...))
		}
	case cred.root:
		p.kind, p.id, p.arn = "Root", cred.account, arn("iam", "", cred.account, "root")
		p.policies = ids.parse(managedPolicies[AdministratorAccess])
	default:
		u := ids.users[cred.user]
		if u == nil {
			return nil
		}
		p.kind, p.name, p.id, p.arn, p.tags = "IAMUser", u.name, u.id, u.arn, u.tags
		p.policies = ids.policies(u.inline, u.attached)
		for _, g := range ids.groupsOf(u) {
			p.policies = append(p.policies, ids.policies(g.inline, g.attached)...)
		}
	}
	return p
}
