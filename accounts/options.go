package accounts

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// Account is an account and how it is reached.
type Account struct {
	ID         string   `json:"id"` // 12 digits
	Name       string   `json:"name,omitempty"`
	Role       string   `json:"role,omitempty"` // ARN; "" only for riposte's own account, which needs none
	ExternalID string   `json:"-"`              // a shared secret in the eyes of some; never shown
	Regions    []string `json:"regions,omitempty"`
}

// Organization discovers the active accounts of an organisation. riposte's own account keeps its own credentials.
type Organization struct {
	RoleName   string // in every member, with its path ("security/riposte")
	ExternalID string
	// Include and Exclude name accounts, organisational units (with what is below them) or roots: 111122223333, ou-…, r-….
	// Without Include all are included; Exclude wins.
	Include, Exclude []string
	// Manager is the ARN of a role in the management account, or in a delegated administrator, that may call
	// organizations:ListAccounts. "": riposte's own identity may.
	Manager string
	Refresh time.Duration // default 1 h
}

// Checkpoints outlive the process.
type Checkpoints interface {
	Get(ctx context.Context, key string) (value string, known bool, err error)
	Set(ctx context.Context, key, value string) error
}

// Options configure [New]. Base is needed; everything else has a default.
type Options struct {
	Base         aws.Config // see [Base]
	Accounts     []Account
	Organization *Organization // nil: only Accounts
	Regions      []string      // of accounts that name none; nil: all that are enabled
	Checkpoints  Checkpoints   // keeps the organisation's list; nil: it is discovered anew

	// OnRequest is told of every attempt of every call through the configurations, AssumeRole included: the guard must
	// know each request id that the responder role ever had. requestID is "" where no answer came. It must not block.
	OnRequest func(service, operation, requestID string)
	// Changed is called after the list of accounts changed. It must not block.
	Changed func()
	// Report is told what is wrong with the discovery, "" once it is well again; on change only.
	Report func(problem string)

	Now        func() time.Time
	Rand       *rand.Rand // spreads the checks; default seeded at random
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Bounded repetitions make large programs of some of these, so they are compiled at their first use.
var (
	accountID = regexp.MustCompile(`^\d{12}$`)
	roleARN   = form(`^arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]{1,576}$`)
	unitID    = form(`^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$`)
	// externalID is what STS takes (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
	externalID = form(`^[\w+=,.@:/-]{2,1000}$`)
	roleName   = form(`^[\w+=,.@/-]{1,576}$`)
)

func form(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

func (o *Options) defaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Report == nil {
		o.Report = func(string) {}
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Organization != nil {
		org := *o.Organization
		if org.Refresh == 0 {
			org.Refresh = time.Hour
		}
		org.RoleName = strings.Trim(org.RoleName, "/")
		o.Organization = &org
	}
}

func (o *Options) check() error {
	seen := map[string]bool{}
	for _, a := range o.Accounts {
		role := roleARN().FindStringSubmatch(a.Role)
		switch {
		case !accountID.MatchString(a.ID):
			return fault.New(fault.Invalid, "%q is not an AWS account", a.ID).WithHint("an account has 12 digits; put it in quotes")
		case seen[a.ID]:
			return fault.New(fault.Invalid, "account %s is configured twice", a.ID).WithHint("remove one of the two")
		case role == nil:
			return fault.New(fault.Invalid, "account %s: %q is not the ARN of a role", a.ID, a.Role).
				WithHint("write arn:aws:iam::%s:role/NAME", a.ID)
		case role[1] != a.ID:
			return fault.New(fault.Invalid, "account %s: the role %s is in account %s", a.ID, a.Role, role[1]).
				WithHint("name the role that riposte assumes in %s", a.ID)
		case a.ExternalID != "" && !externalID().MatchString(a.ExternalID):
			return errExternalID("account " + a.ID)
		}
		seen[a.ID] = true
	}
	org := o.Organization
	if org == nil {
		return nil
	}
	if !roleName().MatchString(org.RoleName) {
		return fault.New(fault.Invalid, "organization: %q is not the name of a role", org.RoleName).
			WithHint("name the role that riposte assumes in every account, such as riposte-responder")
	}
	if org.Manager != "" && !roleARN().MatchString(org.Manager) {
		return fault.New(fault.Invalid, "organization: %q is not the ARN of a role", org.Manager).
			WithHint("name a role of the management account that may call organizations:ListAccounts")
	}
	if org.ExternalID != "" && !externalID().MatchString(org.ExternalID) {
		return errExternalID("organization")
	}
	for _, id := range append(append([]string(nil), org.Include...), org.Exclude...) {
		if !accountID.MatchString(id) && !unitID().MatchString(id) {
			return fault.New(fault.Invalid, "organization: %q is neither an account nor an organisational unit", id).
				WithHint("write 12 digits, ou-… or r-…")
		}
	}
	return nil
}

func errExternalID(of string) error {
	return fault.New(fault.Invalid, "%s: the external id is none that AWS takes", of).
		WithHint("use 2 to 1,000 letters, digits and +=,.@:/-")
}
