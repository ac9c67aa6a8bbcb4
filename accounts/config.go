package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/singleflight"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Accounts gives configurations for AWS accounts. It is safe for concurrent use.
type Accounts struct {
	options Options
	base    aws.Config // riposte's own identity, observed and with retries
	sts     *sts.Client
	metrics *metrics

	identity  atomic.Pointer[identity]
	asking    singleflight.Group
	roster    atomic.Pointer[roster]
	places    atomic.Pointer[map[string][]string] // what is above accounts; nil until that is known
	tags      accountTags
	own       *member // for riposte's own account where the roster has it not
	replacing sync.Mutex
	unchecked chan struct{} // there are accounts that were not checked yet
	problem   reported
}

// identity is who the base credentials are.
type identity struct{ account, arn string }

// New returns the accounts of the configuration. It calls nothing: an organisation is discovered by [Accounts.Run]. It
// fails with fault.Invalid.
func New(options Options) (*Accounts, error) {
	options.defaults()
	if err := options.check(); err != nil {
		return nil, err
	}
	a := &Accounts{
		options: options, base: options.Base.Copy(), metrics: newMetrics(options.Registerer),
		unchecked: make(chan struct{}, 1), problem: reported{to: options.Report},
	}
	own := newRetryer()
	a.base.Retryer = func() aws.Retryer { return own }
	a.base.APIOptions = append(slices.Clone(options.Base.APIOptions), observed(options.OnRequest, nil))
	a.sts = sts.NewFromConfig(a.base)
	a.own = a.newMember(Account{})
	a.roster.Store(&roster{members: map[string]*member{}})
	a.replace(nil)
	return a, nil
}

// Config returns the configuration for calls to an account in a region; account "" is riposte's own, region "" riposte's
// own. Its errors: fault.Denied for an account that is neither configured nor discovered, fault.Invalid for a region that
// the account has not enabled, fault.Unavailable while AWS does not say who riposte is. The role is assumed when the
// configuration is first used, and its credentials are shared until shortly before they expire.
func (a *Accounts) Config(ctx context.Context, account, region string) (aws.Config, error) {
	m, err := a.member(ctx, account)
	if err != nil {
		return aws.Config{}, err
	}
	if err := a.checkRegion(ctx, m, region); err != nil {
		return aws.Config{}, err
	}
	return m.config(region), nil
}

func (m *member) config(region string) aws.Config {
	cfg := m.cfg
	// A client may add to its options: it must not write into ours.
	cfg.APIOptions = slices.Clip(cfg.APIOptions)
	if region != "" {
		cfg.Region = region
	}
	return cfg
}

func (a *Accounts) member(ctx context.Context, account string) (*member, error) {
	if account == "" {
		return a.own, nil
	}
	if m := a.roster.Load().members[account]; m != nil {
		return m, nil
	}
	me, err := a.whoAmI(ctx)
	if err != nil {
		return nil, err
	}
	if me.account != account {
		return nil, fault.New(fault.Denied, "account %s is not configured", account).
			WithHint("add it under aws.accounts with the role to assume there")
	}
	return a.own, nil
}

// whoAmI asks STS once for the base credentials' identity; a failure is asked again next time.
func (a *Accounts) whoAmI(ctx context.Context) (identity, error) {
	if me := a.identity.Load(); me != nil {
		return *me, nil
	}
	// Whoever asks first asks for all, and must not take the answer away from the others by going.
	answer := a.asking.DoChan("identity", func() (any, error) {
		out, err := a.sts.GetCallerIdentity(context.WithoutCancel(ctx), &sts.GetCallerIdentityInput{})
		if err != nil {
			return nil, fault.New(fault.Unavailable, "AWS does not say who we are: %w", awscall.Fault(err, "sts:GetCallerIdentity", "ask STS")).
				WithHint("check credentials and network with `aws sts get-caller-identity`")
		}
		me := &identity{account: aws.ToString(out.Account), arn: aws.ToString(out.Arn)}
		a.identity.Store(me)
		return me, nil
	})
	select {
	case <-ctx.Done():
		return identity{}, fmt.Errorf("ask AWS who we are: %w", ctx.Err())
	case r := <-answer:
		if r.Err != nil {
			return identity{}, r.Err
		}
		return *r.Val.(*identity), nil
	}
}

// Home returns riposte's own account; fault.Unavailable while AWS does not say who riposte is.
func (a *Accounts) Home(ctx context.Context) (string, error) {
	me, err := a.whoAmI(ctx)
	return me.account, err
}

// Responders returns the principals that our calls are made as: the role of each account, and the configured responder
// or, without one, the identity of the base credentials. Sorted, each once.
func (a *Accounts) Responders(ctx context.Context, configured string) ([]string, error) {
	var arns []string
	for _, m := range a.roster.Load().sorted {
		if m.Role != "" {
			arns = append(arns, m.Role)
		}
	}
	if configured == "" {
		me, err := a.whoAmI(ctx)
		if err != nil {
			return nil, err
		}
		configured = roleOf(me.arn)
	}
	arns = append(arns, configured)
	slices.Sort(arns)
	return slices.Compact(arns), nil
}

// roleOf turns the ARN of a role session into that of the role, as CloudTrail's session issuer names it.
func roleOf(arn string) string {
	head, session, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn
	}
	role, _, _ := strings.Cut(session, "/")
	return fmt.Sprintf("%s:role/%s", strings.Replace(head, ":sts:", ":iam:", 1), role)
}
