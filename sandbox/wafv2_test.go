package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/sandbox"
)

func ipSetOf(version types.IPAddressVersion, addresses ...string) *wafv2.CreateIPSetInput {
	return &wafv2.CreateIPSetInput{
		Name: aws.String("blocked"), Scope: types.ScopeRegional, IPAddressVersion: version, Addresses: append([]string{}, addresses...),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("edge")}},
	}
}

func TestIPSetLife(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := wafv2.NewFromConfig(w.config(w.root, "eu-west-1"))
	made, err := client.CreateIPSet(ctx, ipSetOf(types.IPAddressVersionIpv4, "203.0.113.7/32", "203.0.113.7/32"))
	if err != nil {
		t.Fatal(err)
	}
	set := made.Summary
	if want := "arn:aws:wafv2:eu-west-1:" + testAccount + ":regional/ipset/blocked/" + *set.Id; *set.ARN != want {
		t.Errorf("the ARN is %s, want %s", *set.ARN, want)
	}
	_, err = client.CreateIPSet(ctx, ipSetOf(types.IPAddressVersionIpv4))
	wantCode(t, err, "WAFDuplicateItemException")
	update := func(lock *string, addresses ...string) (*wafv2.UpdateIPSetOutput, error) {
		return client.UpdateIPSet(ctx, &wafv2.UpdateIPSetInput{Name: set.Name, Scope: types.ScopeRegional, Id: set.Id, LockToken: lock, Addresses: addresses})
	}
	updated, err := update(set.LockToken, "203.0.113.9/24", "198.51.100.1/32")
	if err != nil {
		t.Fatal(err)
	}
	_, err = update(set.LockToken, "203.0.113.0/24")
	wantCode(t, err, "WAFOptimisticLockException")
	_, err = update(updated.NextLockToken, "0.0.0.0/0")
	wantCode(t, err, "WAFInvalidParameterException")
	_, err = update(updated.NextLockToken, "2001:db8::/32")
	wantCode(t, err, "WAFInvalidParameterException")
	var many []string
	for i := range 10_001 {
		many = append(many, fmt.Sprintf("10.0.%d.%d/32", i/256, i%256))
	}
	_, err = update(updated.NextLockToken, many...)
	wantCode(t, err, "WAFLimitsExceededException")
	got, err := client.GetIPSet(ctx, &wafv2.GetIPSetInput{Name: set.Name, Scope: types.ScopeRegional, Id: set.Id})
	if err != nil || !slices.Equal(got.IPSet.Addresses, []string{"198.51.100.1/32", "203.0.113.0/24"}) || *got.LockToken != *updated.NextLockToken {
		t.Errorf("the set is %+v (%v), want the two networks and the latest token", got, err)
	}
	tags, err := client.ListTagsForResource(ctx, &wafv2.ListTagsForResourceInput{ResourceARN: set.ARN})
	if err != nil || len(tags.TagInfoForResource.TagList) != 1 || *tags.TagInfoForResource.TagList[0].Value != "edge" {
		t.Errorf("the tags are %+v (%v)", tags, err)
	}
	listed, err := client.ListIPSets(ctx, &wafv2.ListIPSetsInput{Scope: types.ScopeRegional})
	if err != nil || len(listed.IPSets) != 1 || *listed.IPSets[0].LockToken != *got.LockToken {
		t.Errorf("listed are %+v (%v)", listed, err)
	}
	if _, err = client.DeleteIPSet(ctx, &wafv2.DeleteIPSetInput{Name: set.Name, Scope: types.ScopeRegional, Id: set.Id, LockToken: got.LockToken}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetIPSet(ctx, &wafv2.GetIPSetInput{Name: set.Name, Scope: types.ScopeRegional, Id: set.Id})
	wantCode(t, err, "WAFNonexistentItemException")
}

func TestIPSetOfCloudFront(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	in := ipSetOf(types.IPAddressVersionIpv6, "2001:db8::/64")
	in.Scope = types.ScopeCloudfront
	_, err := wafv2.NewFromConfig(w.config(w.root, "eu-west-1")).CreateIPSet(ctx, in)
	wantCode(t, err, "WAFInvalidParameterException")
	client := wafv2.NewFromConfig(w.config(w.root, "us-east-1"))
	made, err := client.CreateIPSet(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(*made.Summary.ARN, ":us-east-1:"+testAccount+":global/ipset/blocked/") {
		t.Errorf("the ARN is %s", *made.Summary.ARN)
	}
	got, err := client.GetIPSet(ctx, &wafv2.GetIPSetInput{Name: in.Name, Scope: in.Scope, Id: made.Summary.Id})
	if err != nil || !slices.Equal(got.IPSet.Addresses, []string{"2001:0db8:0000:0000:0000:0000:0000:0000/64"}) {
		t.Errorf("the set is %+v (%v), want its network with every digit", got, err)
	}
}

func TestIPSetsArePaged(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := wafv2.NewFromConfig(w.config(w.root, "us-east-1"))
	for _, name := range []string{"a", "b", "c"} {
		in := ipSetOf(types.IPAddressVersionIpv4)
		in.Name, in.Addresses = &name, []string{}
		if _, err := client.CreateIPSet(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	in := &wafv2.ListIPSetsInput{Scope: types.ScopeRegional, Limit: aws.Int32(2)}
	for {
		page, err := client.ListIPSets(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.IPSets {
			names = append(names, *s.Name)
		}
		if in.NextMarker = page.NextMarker; in.NextMarker == nil {
			break
		}
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("listed are %v", names)
	}
}

func TestIPSetPermissions(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	made, err := wafv2.NewFromConfig(w.config(w.root, "us-east-1")).CreateIPSet(ctx, ipSetOf(types.IPAddressVersionIpv4, "203.0.113.7/32"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, policy, code string }{
		{"the set", `"Resource":"` + *made.Summary.ARN + `"`, ""},
		{"by its tag", `"Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"edge"}}`, ""},
		{"another set", `"Resource":"arn:aws:wafv2:us-east-1:` + testAccount + `:regional/ipset/other/*"`, "AccessDeniedException"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			keys, err := w.account.CreateUser(strings.ReplaceAll(tc.name, " ", "-"), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"wafv2:GetIPSet",`+tc.policy+`}]}`)
			if err != nil {
				t.Fatal(err)
			}
			_, err = wafv2.NewFromConfig(w.config(keys, "us-east-1")).GetIPSet(ctx, &wafv2.GetIPSetInput{Name: made.Summary.Name, Scope: types.ScopeRegional, Id: made.Summary.Id})
			if tc.code != "" {
				wantCode(t, err, tc.code)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestIPSetCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	aws := func(args ...string) string {
		return strings.TrimSpace(w.cli("eu-west-1", append(append([]string{"wafv2"}, args...), "--scope", "REGIONAL", "--name", "cli", "--output", "text")...))
	}
	made := strings.Fields(aws("create-ip-set", "--ip-address-version", "IPV4", "--addresses", "203.0.113.7/32", "--query", "Summary.[Id, LockToken]"))
	aws("update-ip-set", "--id", made[0], "--lock-token", made[1], "--addresses", "203.0.113.7/32", "198.51.100.0/24")
	if got := strings.Fields(aws("get-ip-set", "--id", made[0], "--query", "IPSet.Addresses")); len(got) != 2 {
		t.Errorf("the addresses are %v", got)
	}
	out, err := w.tryCLI("eu-west-1", "wafv2", "delete-ip-set", "--scope", "REGIONAL", "--name", "cli", "--id", made[0], "--lock-token", made[1])
	if err == nil || !strings.Contains(out, "(WAFOptimisticLockException)") {
		t.Errorf("with an old token the CLI says %s", out)
	}
}

func TestIPSetRecords(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := wafv2.NewFromConfig(w.config(w.root, "us-east-1"))
	in := ipSetOf(types.IPAddressVersionIpv4, "203.0.113.7/32")
	in.Tags = nil
	made, err := client.CreateIPSet(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	update := &wafv2.UpdateIPSetInput{Name: in.Name, Scope: in.Scope, Id: made.Summary.Id, LockToken: made.Summary.LockToken, Addresses: []string{}}
	if _, err := client.UpdateIPSet(ctx, update); err != nil {
		t.Fatal(err)
	}
	_, err = client.UpdateIPSet(ctx, update)
	wantCode(t, err, "WAFOptimisticLockException")
	events := w.delivered(3)
	wantRecord(t, events[0], "CreateIPSet", "", `{"name":"blocked","scope":"REGIONAL","iPAddressVersion":"IPV4","addresses":["203.0.113.7/32"]}`,
		`{"summary":{"name":"blocked","id":"*","description":"","lockToken":"*","aRN":"*"}}`)
	request := `{"name":"blocked","scope":"REGIONAL","id":"*","lockToken":"*","addresses":[]}`
	wantRecord(t, events[1], "UpdateIPSet", "", request, `{"nextLockToken":"*"}`)
	wantRecord(t, events[2], "UpdateIPSet", "WAFOptimisticLockException", request, "null")
}
