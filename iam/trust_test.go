package iam_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/fault"
	"riposte.dev/iam"
)

func TestTrust(t *testing.T) {
	const role, provider = "arn:aws:iam::999988887777:role/riposte", "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
	statement := func(action []string, kind, principal string, c iam.Conditions) iam.Statement {
		return iam.Statement{Sid: "RiposteAssumesThisRole", Effect: "Allow", Action: action, Principal: map[string][]string{kind: {principal}}, Condition: c}
	}
	assume := []string{"sts:AssumeRole"}
	good := []struct {
		name  string
		trust iam.Trust
		want  iam.Statement
	}{
		{
			"a role with external id", iam.Trust{Principals: []string{role}, ExternalID: "4f1c"},
			statement(assume, "AWS", role, iam.Conditions{"StringEquals": {"sts:ExternalId": {"4f1c"}}}),
		},
		{"an account", iam.Trust{Principals: []string{"999988887777"}, Partition: "aws-cn"}, statement(assume, "AWS", "arn:aws-cn:iam::999988887777:root", nil)},
		{"ec2", iam.Trust{Service: "ec2"}, statement(assume, "Service", "ec2.amazonaws.com", nil)},
		{"lambda", iam.Trust{Service: "lambda"}, statement(assume, "Service", "lambda.amazonaws.com", nil)},
		{
			"ecs", iam.Trust{Service: "ecs", Account: account},
			statement(assume, "Service", "ecs-tasks.amazonaws.com", iam.Conditions{"StringEquals": {"aws:SourceAccount": {account}}}),
		},
		{"pod identity", iam.Trust{Service: "eks"}, statement([]string{"sts:AssumeRole", "sts:TagSession"}, "Service", "pods.eks.amazonaws.com", nil)},
		{
			"a service account", iam.Trust{OIDC: &iam.OIDC{Provider: provider, Namespace: "security", Name: "riposte"}},
			statement([]string{"sts:AssumeRoleWithWebIdentity"}, "Federated", provider, iam.Conditions{"StringEquals": {
				"oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud": {"sts.amazonaws.com"},
				"oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub": {"system:serviceaccount:security:riposte"},
			}}),
		},
	}
	for _, tt := range good {
		t.Run(tt.name, func(t *testing.T) {
			p, err := tt.trust.Policy()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]iam.Statement{tt.want}, p.Statement); d != "" {
				t.Errorf("statement (-want +got)\n%s", d)
			}
		})
	}
	for name, bad := range map[string]iam.Trust{
		"nobody":                   {},
		"two":                      {Service: "ec2", Principals: []string{role}},
		"external id of a service": {Service: "ec2", ExternalID: "4f1c"},
		"everybody":                {Principals: []string{"*"}},
		"unknown service":          {Service: "s3"},
		"a service account's name": {OIDC: &iam.OIDC{Provider: provider, Namespace: "*", Name: "riposte"}},
		"not an identity provider": {OIDC: &iam.OIDC{Provider: role, Namespace: "security", Name: "riposte"}},
		"external id with a space": {Principals: []string{role}, ExternalID: "a b"},
	} {
		if _, err := bad.Policy(); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want invalid with a hint", name, err)
		}
	}
}
