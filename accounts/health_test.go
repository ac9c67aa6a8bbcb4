package accounts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/accounts"
	"riposte.dev/sandbox"
)

func TestOneBrokenAccountDelaysNoOther(t *testing.T) {
	w := newWorld(t, nil)
	reg := prometheus.NewRegistry()
	role := w.role(other, "riposte", "xyz")
	hold := make(chan struct{})
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := w.open(func(o *accounts.Options) {
		o.Now = func() time.Time { return noon }
		o.Registerer = reg
		o.Accounts = []accounts.Account{
			{ID: other, Name: "production", Role: role, ExternalID: "xyz"},
			{ID: third, Role: w.role(third, "hung", "xyz"), ExternalID: "xyz"},
		}
	})
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "AssumeRole", Resource: "role/hung"}, Times: 1, Hold: hold})
	health := func() map[string]accounts.Health {
		by := map[string]accounts.Health{}
		for _, h := range a.Health() {
			by[h.Account] = h
		}
		return by
	}
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		a.Check(t.Context())
	}()
	await(t, "the well account is checked beside the hung one", func() bool { return health()[other].Status == accounts.Well })
	if h := health()[third]; h.Status != accounts.Unknown {
		t.Errorf("the hung account: %+v", h)
	}
	close(hold)
	<-checked
	if h := health()[third]; h.Status != accounts.Well || !h.Checked.Equal(noon) {
		t.Errorf("the account that hung: %+v", h)
	}
	if h := health()[other]; h.Name != "production" || h.Problem != "" {
		t.Errorf("the well account: %+v", h)
	}
	// The role is deleted: the shared credentials are valid for a while yet, the check tells at once.
	cfg := mustConfig(t, a, other)
	if _, err := iam.NewFromConfig(cfg).DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{
		RoleName: aws.String("riposte"), PolicyArn: aws.String(sandbox.AdministratorAccess),
	}); err != nil {
		t.Fatal(err)
	}
	admin, err := w.accounts[other].CreateUser("admin", sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	base, err := accounts.Base(t.Context(), accounts.Identity{Region: region, Endpoint: w.url, AccessKeyID: admin.AccessKeyID, SecretAccessKey: admin.SecretAccessKey})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := iam.NewFromConfig(base).DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("riposte")}); err != nil {
		t.Fatal(err)
	}
	a.Check(t.Context())
	h := health()[other]
	if h.Status != accounts.Broken || !strings.Contains(h.Problem, role) || !strings.Contains(h.Hint, "riposte iam policy trust") {
		t.Errorf("without its role: %+v", h)
	}
	if strings.Contains(h.Problem+h.Hint, "xyz") {
		t.Errorf("the external id is shown: %+v", h)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == "riposte_accounts" {
				got[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
	}
	if d := cmp.Diff(map[string]float64{"failing": 1, "ok": 1, "unknown": 0}, got); d != "" {
		t.Errorf("riposte_accounts (-want +got)\n%s", d)
	}
}
