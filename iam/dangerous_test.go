package iam_test

import (
	"slices"
	"testing"

	"riposte.dev/action/ec2"
	"riposte.dev/iam"
)

func TestProbesAreWhatNothingNeeds(t *testing.T) {
	s := iam.Setup{
		Account: account, Responses: []iam.Response{response(ec2.NewDetachProfile(nil)), response(ec2.NewTerminate(nil))},
		Calls: []iam.Need{{Actions: []string{"ec2:RunInstances"}, Why: "calls of playbooks"}},
	}
	probes := map[string]iam.Probe{}
	for _, p := range iam.Probes(iam.Responder(s), "aws", account) {
		probes[p.Action] = p
	}
	if _, ok := probes["ec2:RunInstances"]; ok {
		t.Error("ec2:RunInstances is needed on everything, and asked for")
	}
	for action, want := range map[string][]string{
		"iam:CreateUser":          {"*"},
		"ec2:TerminateInstances":  {"*"},                                     // needed on the account's instances
		"iam:PassRole":            {"*", "arn:aws:iam::111122223333:role/*"}, // needed for EC2 alone
		"iam:PutUserPolicy":       {"*", "arn:aws:iam::111122223333:user/*"}, // not needed on any
		"kms:ScheduleKeyDeletion": {"*", "arn:aws:kms:*:111122223333:key/*"},
	} {
		if got := probes[action].Resources; !slices.Equal(got, want) {
			t.Errorf("%s is asked for on %v, want %v", action, got, want)
		}
	}
	if p := probes["ec2:TerminateInstances"]; len(p.Needed) != 1 || p.Needed[0].Resource[0] != "arn:aws:ec2:*:111122223333:instance/*" {
		t.Errorf("needed of ec2:TerminateInstances: %+v", p.Needed)
	}
}

func TestServicesWhoseResourcesHavePolicies(t *testing.T) {
	needs := []iam.Need{{Actions: []string{"s3:GetObject", "ec2:DescribeVpcs"}}, {Actions: []string{"kms:EnableKey", "s3:PutBucketPolicy"}}}
	if got := iam.Policied(needs); !slices.Equal(got, []string{"kms", "s3"}) {
		t.Errorf("services %v, want kms and s3", got)
	}
}
