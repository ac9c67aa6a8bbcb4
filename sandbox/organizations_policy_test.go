package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
)

// The aws CLI writes a service control policy, attaches it to an account, which it holds back from then on, and detaches it.
func TestServiceControlPolicies(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	member, err := w.CreateAccount(otherAccount, "payments")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.account.CreateOrganization(member); err != nil {
		t.Fatal(err)
	}
	keys, err := member.CreateUser("ana", sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	const deny = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`
	client := organizations.NewFromConfig(w.config(w.root, "us-east-1"))
	org := func(args ...string) string {
		t.Helper()
		return w.cli("us-east-1", append([]string{"organizations"}, append(args, "--output", "text")...)...)
	}
	create := func(name, content string) (string, error) {
		out, err := client.CreatePolicy(ctx, &organizations.CreatePolicyInput{Name: &name, Description: aws.String("d"), Type: types.PolicyTypeServiceControlPolicy, Content: &content})
		if err != nil {
			return "", err
		}
		return *out.Policy.PolicySummary.Id, nil
	}
	attach := func(id, target string) error {
		_, err := client.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &id, TargetId: &target})
		return err
	}
	buckets := func() error {
		_, err := w.s3(keys, "us-east-1").ListBuckets(ctx, &s3.ListBucketsInput{})
		return err
	}

	id := org("create-policy", "--name", "stop", "--description", "d", "--type", "SERVICE_CONTROL_POLICY", "--content", deny, "--query", "Policy.PolicySummary.Id")
	if got := org("describe-policy", "--policy-id", id, "--query", "Policy.[Content,PolicySummary.Name,PolicySummary.AwsManaged]"); got != deny+"\tstop\tFalse" {
		t.Errorf("the policy is described as %q", got)
	}
	_, err = create("stop", deny)
	wantCode(t, err, "DuplicatePolicyException")
	_, err = create("broken", `{"Statement":7}`)
	wantCode(t, err, "MalformedPolicyDocumentException")
	wantCode(t, attach("p-examplepolicyid111", otherAccount), "PolicyNotFoundException")
	if err := buckets(); err != nil {
		t.Errorf("before it is attached: %v", err)
	}

	org("attach-policy", "--policy-id", id, "--target-id", otherAccount)
	wantCode(t, attach(id, otherAccount), "DuplicatePolicyAttachmentException")
	wantCode(t, attach(id, "999999999999"), "TargetNotFoundException")
	wantCode(t, buckets(), "AccessDenied")
	if got := org("list-policies-for-target", "--target-id", otherAccount, "--filter", "SERVICE_CONTROL_POLICY", "--query", "Policies[].Name"); got != "FullAWSAccess\tstop" {
		t.Errorf("the account has the policies %q", got)
	}
	for n := range 4 { // five are possible, and FullAWSAccess is one of them
		more, err := create(fmt.Sprint("more-", n), deny)
		if err != nil {
			t.Fatal(err)
		}
		if err = attach(more, otherAccount); n < 3 && err != nil {
			t.Fatal(err)
		} else if n == 3 {
			wantCode(t, err, "ConstraintViolationException")
		}
	}
	listed := strings.Fields(org("list-policies", "--filter", "SERVICE_CONTROL_POLICY", "--page-size", "2", "--query", "Policies[].[Id,Name]"))
	if len(listed) != 12 || listed[1] != "FullAWSAccess" {
		t.Errorf("the organisation has the policies %q", listed)
	}

	org("detach-policy", "--policy-id", id, "--target-id", otherAccount)
	_, err = client.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: &id, TargetId: aws.String(otherAccount)})
	wantCode(t, err, "PolicyNotAttachedException")
	for policy := range slices.Chunk(listed, 2) {
		if strings.HasPrefix(policy[1], "more-") && policy[1] != "more-3" {
			if _, err := client.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: &policy[0], TargetId: aws.String(otherAccount)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := buckets(); err != nil {
		t.Errorf("after they were detached: %v", err)
	}
}
