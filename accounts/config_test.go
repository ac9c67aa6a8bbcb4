package accounts_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/accounts"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

var _ awscall.Clients = (*accounts.Accounts)(nil)

func TestConfigReachesTheAccount(t *testing.T) {
	w := newWorld(t, nil)
	good := accounts.Account{ID: other, Role: w.role(other, "riposte", "id-1"), ExternalID: "id-1"}
	wrong := accounts.Account{ID: third, Role: w.role(third, "riposte", "id-2"), ExternalID: "id-1"}
	a := w.open(func(o *accounts.Options) { o.Accounts = []accounts.Account{good, wrong} })
	tests := []struct {
		name, account, region, want string
		code                        fault.Code
	}{
		{name: "riposte's own", want: "arn:aws:iam::" + own + ":user/riposte"},
		{name: "riposte's own by id", account: own, region: "us-east-1", want: "arn:aws:iam::" + own + ":user/riposte"},
		{name: "configured", account: other, region: "eu-central-1", want: "arn:aws:sts::" + other + ":assumed-role/riposte/riposte"},
		{name: "wrong external id", account: third, code: fault.Denied},
		{name: "not configured", account: "123456789012", code: fault.Denied},
		{name: "region not enabled", account: other, region: "me-south-1", code: fault.Invalid},
		{name: "no such region", region: "eu-wst-1", code: fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := w.who(a, tt.account, tt.region)
			if code := fault.CodeOf(awscall.Fault(err, "sts:GetCallerIdentity", "ask")); got != tt.want || code != tt.code {
				t.Errorf("%q, %v (%s); want %q, %q", got, err, code, tt.want, tt.code)
			}
		})
	}
	if _, err := a.Config(t.Context(), other, "me-south-1"); !strings.Contains(fault.Hint(err), "enable-region --region-name me-south-1") {
		t.Errorf("hint of a region that is not enabled: %q", fault.Hint(err))
	}
}

func TestCredentialsAreSharedAndEveryRequestIsKnown(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open(func(o *accounts.Options) {
		o.Accounts = []accounts.Account{{ID: other, Role: w.role(other, "riposte", "xyz"), ExternalID: "xyz"}}
	})
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "GetCallerIdentity"}, Times: 1,
		Error: &sandbox.FaultError{Code: "InternalFailure", Status: http.StatusInternalServerError}})
	for range 3 {
		if _, err := w.who(a, other, region); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.seen("AssumeRole"); n != 1 {
		t.Errorf("the role was assumed %d times", n)
	}
	var want []string
	for _, c := range w.Calls() {
		want = append(want, c.Service+":"+c.Operation+" "+c.RequestID)
	}
	if len(want) != 5 {
		t.Errorf("%d attempts, want 3 calls, a retry and an AssumeRole", len(want))
	}
	if d := cmp.Diff(want, w.requests); d != "" {
		t.Errorf("requests that were told of (-want +got)\n%s", d)
	}
}

func TestRefusedCredentialsAreRenewed(t *testing.T) {
	w := newWorld(t, nil)
	role := w.role(other, "riposte", "xyz")
	a := w.open(func(o *accounts.Options) { o.Accounts = []accounts.Account{{ID: other, Role: role, ExternalID: "xyz"}} })
	if _, err := w.who(a, other, region); err != nil {
		t.Fatal(err)
	}
	remove := w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "sts", Operation: "GetCallerIdentity"},
		Error: &sandbox.FaultError{Code: "InvalidClientTokenId", Status: http.StatusForbidden}})
	if _, err := w.who(a, other, region); err == nil {
		t.Fatal("the fault did nothing")
	}
	if n := w.seen("AssumeRole"); n != 2 {
		t.Errorf("the role was assumed %d times, want 2: a call renews its credentials once", n)
	}
	remove()
	if _, err := w.who(a, other, region); err != nil {
		t.Errorf("after the role was made again: %v", err)
	}
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "sts", Operation: "GetCallerIdentity"}, Times: 1,
		Error: &sandbox.FaultError{Code: "ExpiredToken", Status: http.StatusForbidden}})
	if _, err := w.who(a, other, region); err != nil {
		t.Errorf("credentials that expired midway: %v", err)
	}
	if n := w.seen("AssumeRole"); n != 4 {
		t.Errorf("the role was assumed %d times, want 4", n)
	}
}

func TestThrottlingOfOneAccountLeavesOthersAlone(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open(func(o *accounts.Options) {
		for _, id := range []string{other, third} {
			o.Accounts = append(o.Accounts, accounts.Account{ID: id, Role: w.role(id, "riposte", "xyz"), ExternalID: "xyz"})
		}
	})
	ask := func(account string, bound time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), bound)
		defer cancel()
		cfg, err := a.Config(ctx, account, region)
		if err != nil {
			return err
		}
		cfg.RetryMaxAttempts = 1
		_, err = ec2.NewFromConfig(cfg).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
		return err
	}
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Account: other, Operation: "DescribeVpcs"},
		Error: &sandbox.FaultError{Code: "RequestLimitExceeded", Status: http.StatusServiceUnavailable}})
	for range 3 {
		if err := ask(other, 20*time.Second); err == nil {
			t.Fatal("the fault did nothing")
		}
	}
	if err := ask(third, 20*time.Second); err != nil {
		t.Errorf("another account: %v", err)
	}
	started := w.seen("DescribeRegions")
	if _, err := a.Regions(t.Context(), other); err != nil || w.seen("DescribeRegions") != started+1 {
		t.Errorf("another operation of the account: %v", err)
	}
}

func TestResponders(t *testing.T) {
	w := newWorld(t, nil)
	role := w.role(other, "riposte", "xyz")
	a := w.open(func(o *accounts.Options) { o.Accounts = []accounts.Account{{ID: other, Role: role, ExternalID: "xyz"}} })
	for configured, want := range map[string][]string{
		"":   {role, "arn:aws:iam::" + own + ":user/riposte"},
		role: {role},
	} {
		got, err := a.Responders(t.Context(), configured)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Responders(%q) = %q, %v, want %q", configured, got, err, want)
		}
	}
	session := w.open(func(o *accounts.Options) {
		cfg, err := a.Config(t.Context(), other, region)
		if err != nil {
			t.Fatal(err)
		}
		o.Base = cfg
	})
	if got, err := session.Responders(t.Context(), ""); err != nil || !slices.Equal(got, []string{role}) {
		t.Errorf("of a session: %q, %v, want its role", got, err)
	}
	remove := w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "sts"}, Error: &sandbox.FaultError{Code: "AccessDenied", Status: http.StatusForbidden}})
	fresh := w.open(nil)
	if _, err := fresh.Responders(t.Context(), ""); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("while STS does not answer: %v", err)
	}
	remove()
	if _, err := fresh.Responders(t.Context(), ""); err != nil {
		t.Errorf("once it answers: %v", err)
	}
}

func TestRegions(t *testing.T) {
	w := newWorld(t, nil)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	role := w.role(other, "riposte", "xyz")
	a := w.open(func(o *accounts.Options) {
		o.Now = func() time.Time { return now }
		o.Regions = []string{"eu-west-1", "me-south-1", "eu-north-1"}
		o.Accounts = []accounts.Account{{ID: other, Role: role, ExternalID: "xyz", Regions: []string{"us-east-1"}}}
	})
	for account, want := range map[string][]string{"": {"eu-north-1", "eu-west-1"}, other: {"us-east-1"}} {
		for range 2 {
			if got, err := a.Regions(t.Context(), account); err != nil || !slices.Equal(got, want) {
				t.Errorf("Regions(%q) = %q, %v, want %q", account, got, err, want)
			}
		}
	}
	if n := w.seen("DescribeRegions"); n != 2 {
		t.Errorf("%d lists were asked for, want one an account", n)
	}
	now = now.Add(2 * time.Hour)
	if _, err := a.Regions(t.Context(), ""); err != nil || w.seen("DescribeRegions") != 3 {
		t.Errorf("after two hours: %v, %d lists", err, w.seen("DescribeRegions"))
	}
	all := w.open(nil)
	if got, err := all.Regions(t.Context(), ""); err != nil || len(got) != 17 || !slices.IsSorted(got) {
		t.Errorf("all regions: %q, %v", got, err)
	}
	// Where the list may not be had, AWS decides.
	_, err := iam.NewFromConfig(mustConfig(t, all, "")).PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String("riposte"), PolicyName: aws.String("no"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:DescribeRegions","Resource":"*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	blind := w.open(nil)
	if _, err := blind.Config(t.Context(), "", "me-south-1"); err != nil {
		t.Errorf("without permission to list regions: %v", err)
	}
	if _, err := blind.Regions(t.Context(), ""); fault.CodeOf(err) != fault.Denied || !strings.Contains(fault.Hint(err), "ec2:DescribeRegions") {
		t.Errorf("Regions without permission: %v", err)
	}
}

func mustConfig(t *testing.T, a *accounts.Accounts, account string) aws.Config {
	t.Helper()
	cfg, err := a.Config(t.Context(), account, "")
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestWrongOptionsAreRefused(t *testing.T) {
	good := accounts.Account{ID: other, Role: "arn:aws:iam::" + other + ":role/riposte"}
	tests := map[string]accounts.Options{
		"is not an AWS account":  {Accounts: []accounts.Account{{ID: "1111", Role: good.Role}}},
		"twice":                  {Accounts: []accounts.Account{good, good}},
		"not the ARN of a role":  {Accounts: []accounts.Account{{ID: other, Role: "riposte"}}},
		"is in account":          {Accounts: []accounts.Account{{ID: third, Role: good.Role}}},
		"not the name of a role": {Organization: &accounts.Organization{RoleName: ""}},
		"ARN of a role":          {Organization: &accounts.Organization{RoleName: "r", Manager: "boss"}},
		"external id is none":    {Accounts: []accounts.Account{{ID: other, Role: good.Role, ExternalID: "x"}}},
		"id is none that AWS":    {Organization: &accounts.Organization{RoleName: "r", ExternalID: "a b"}},
		"nor an organisational":  {Organization: &accounts.Organization{RoleName: "r", Exclude: []string{"prod"}}},
	}
	for want, options := range tests {
		if _, err := accounts.New(options); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) || fault.Hint(err) == "" {
			t.Errorf("%v, want invalid with %q and a hint", err, want)
		}
	}
	if _, err := accounts.Base(t.Context(), accounts.Identity{AccessKeyID: "a", SecretAccessKey: "b"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("keys without an endpoint: %v", err)
	}
}
