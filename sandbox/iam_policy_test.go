package sandbox_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/sandbox"
)

func TestManagedPolicyLife(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	alice := w.user("alice")
	doc := allow("sqs:ListQueues", "*")
	made, err := admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("lister"), PolicyDocument: &doc, Path: aws.String("/ops/"), Description: aws.String("lists")})
	if err != nil {
		t.Fatal(err)
	}
	arn := made.Policy.Arn
	if *arn != "arn:aws:iam::111122223333:policy/ops/lister" {
		t.Errorf("ARN is %s", *arn)
	}
	_, err = admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("Lister"), PolicyDocument: &doc})
	wantCode(t, err, "EntityAlreadyExists")
	list := func() error {
		_, err := sqs.NewFromConfig(w.config(alice, "us-east-1")).ListQueues(ctx, nil)
		return err
	}
	wantCode(t, list(), "AccessDeniedException")
	if _, err := admin.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("alice"), PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	if err := list(); err != nil {
		t.Errorf("with the policy: %v", err)
	}
	got, err := admin.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if err != nil || *got.Policy.AttachmentCount != 1 || *got.Policy.Description != "lists" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, of := range []string{*arn, sandbox.AdministratorAccess} {
		version, err := admin.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &of, VersionId: aws.String("v1")})
		if err != nil {
			t.Fatal(err)
		}
		if text, err := url.PathUnescape(*version.PolicyVersion.Document); err != nil || of == *arn && text != doc {
			t.Errorf("the document of %s is %s, %v", of, text, err)
		}
	}
	_, err = admin.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	wantCode(t, err, "NoSuchEntity")
	_, err = admin.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
	wantCode(t, err, "DeleteConflict")
	if _, err := admin.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("alice"), PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	_, err = admin.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	wantCode(t, err, "NoSuchEntity")
	_, err = admin.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(sandbox.AdministratorAccess)})
	wantCode(t, err, "AccessDenied")
}

// sized is a policy of n characters, whitespace not counted.
func sized(n int) *string {
	doc := allow("sqs:ListQueues", "%s")
	bare := len(strings.Join(strings.Fields(doc), "")) - len("%s")
	return aws.String(fmt.Sprintf(doc, "arn:aws:sqs:::"+strings.Repeat("x", n-bare-len("arn:aws:sqs:::"))) + strings.Repeat(" ", 500))
}

func TestPolicySizes(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	w.user("u")
	if _, err := w.account.CreateRole("r", trustLogs); err != nil {
		t.Fatal(err)
	}
	managed := func(name string, doc *string) error {
		_, err := admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: doc})
		return err
	}
	user := func(name string, doc *string) error {
		_, err := admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: &name, PolicyDocument: doc})
		return err
	}
	role := func(name string, doc *string) error {
		_, err := admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: &name, PolicyDocument: doc})
		return err
	}
	for _, tc := range []struct {
		name string
		put  func(string, *string) error
		max  int
	}{{"managed", managed, 6144}, {"user", user, 2048}, {"role", role, 10240}} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.put("full", sized(tc.max)); err != nil {
				t.Fatal(err)
			}
			wantCode(t, tc.put("long", sized(tc.max+1)), "LimitExceeded")
			if tc.name == "managed" {
				return
			}
			wantCode(t, tc.put("one-more", sized(200)), "LimitExceeded")
			if err := tc.put("full", sized(tc.max)); err != nil {
				t.Errorf("the same again: %v", err)
			}
		})
	}
}

func TestAttachmentQuota(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	w.user("u")
	for i := range 11 {
		made, err := admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprint("p", i)), PolicyDocument: aws.String(allow("sqs:*", "*"))})
		if err != nil {
			t.Fatal(err)
		}
		_, err = admin.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("u"), PolicyArn: made.Policy.Arn})
		if i == 10 {
			wantCode(t, err, "LimitExceeded")
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	doc := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:jobs"},
		{"Effect":"Deny","Action":"sqs:DeleteQueue","Resource":"*"},
		{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}`
	w.user("u", doc, "arn:aws:iam::aws:policy/SecurityAudit")
	role, err := w.account.CreateRole("r", trustLogs, doc)
	if err != nil {
		t.Fatal(err)
	}
	user, jobs, other := "arn:aws:iam::111122223333:user/u", "arn:aws:sqs:us-east-1:111122223333:jobs", "arn:aws:sqs:us-east-1:111122223333:other"
	out, err := admin.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &user, ActionNames: []string{"sqs:SendMessage", "sqs:DeleteQueue"}, ResourceArns: []string{jobs, other},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range out.EvaluationResults {
		got = append(got, fmt.Sprint(*r.EvalActionName, " ", (*r.EvalResourceName)[len("arn:aws:sqs:us-east-1:111122223333:"):], " ", r.EvalDecision, " ", len(r.MatchedStatements)))
	}
	if want := "sqs:SendMessage jobs allowed 1;sqs:SendMessage other implicitDeny 0;sqs:DeleteQueue jobs explicitDeny 1;sqs:DeleteQueue other explicitDeny 1"; strings.Join(got, ";") != want {
		t.Errorf("results are %s, want %s", strings.Join(got, ";"), want)
	}
	region := []types.ContextEntry{{ContextKeyName: aws.String("aws:RequestedRegion"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{"eu-west-1"}}}
	for _, tc := range []struct {
		name    string
		in      iam.SimulatePrincipalPolicyInput
		want    types.PolicyEvaluationDecisionType
		missing int
	}{
		{"without a context", iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role, ActionNames: []string{"ec2:DescribeVpcs"}}, "implicitDeny", 1},
		{"with a context", iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role, ActionNames: []string{"ec2:DescribeVpcs"}, ContextEntries: region}, "allowed", 0},
		{"an AWS managed policy", iam.SimulatePrincipalPolicyInput{PolicySourceArn: &user, ActionNames: []string{"iam:ListUsers"}}, "allowed", 1},
		{"one more policy", iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role, ActionNames: []string{"iam:ListUsers"}, PolicyInputList: []string{allow("iam:*", "*")}}, "allowed", 1},
		{"a boundary", iam.SimulatePrincipalPolicyInput{PolicySourceArn: &user, ActionNames: []string{"sqs:SendMessage"}, ResourceArns: []string{jobs}, PermissionsBoundaryPolicyInputList: []string{allow("s3:*", "*")}}, "implicitDeny", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, err := admin.SimulatePrincipalPolicy(ctx, &tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if r := out.EvaluationResults[0]; r.EvalDecision != tc.want || len(r.MissingContextValues) != tc.missing {
				t.Errorf("the decision is %s without %v, want %s", r.EvalDecision, r.MissingContextValues, tc.want)
			}
		})
	}
	for arn, code := range map[string]string{"arn:aws:iam::111122223333:user/missing": "NoSuchEntity", "arn:aws:sts::111122223333:assumed-role/r/s": "InvalidInput"} {
		_, err := admin.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn, ActionNames: []string{"sqs:SendMessage"}})
		wantCode(t, err, code)
	}
	_, err = admin.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &user, ActionNames: []string{"sqs:*"}})
	wantCode(t, err, "InvalidInput")
	nobody := iam.NewFromConfig(w.config(w.user("nobody"), "us-east-1"))
	_, err = nobody.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &user, ActionNames: []string{"sqs:SendMessage"}})
	wantCode(t, err, "AccessDenied")
}
