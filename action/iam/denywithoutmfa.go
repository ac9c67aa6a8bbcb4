package iam

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// MFAPolicy is the name of the inline policy that denies a user everything without multi-factor authentication.
const MFAPolicy = "riposte-deny-without-mfa"

// mfaDocument leaves what a user needs to enrol a device and to begin a session with it. Requests that long-term keys sign have
// no aws:MultiFactorAuthPresent, so that they are denied too
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only.html).
const mfaDocument = `{"Version":"2012-10-17","Statement":[{"Sid":"RiposteDenyWithoutMFA","Effect":"Deny","NotAction":[` +
	`"iam:CreateVirtualMFADevice","iam:EnableMFADevice","iam:GetUser","iam:GetMFADevice","iam:ListMFADevices","iam:ListVirtualMFADevices",` +
	`"iam:ResyncMFADevice","sts:GetSessionToken"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}`

// NewDenyWithoutMFA returns the action iam.deny-without-mfa.
func NewDenyWithoutMFA(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[userParams, state]{
		Spec: action.Spec{
			Name:  "iam.deny-without-mfa",
			Title: "Deny a user everything without MFA",
			Description: "Puts the inline policy " + MFAPolicy + " onto a user, which denies everything but the enrolment of a device until the user " +
				"has signed in with multi-factor authentication. Access keys work only for sessions that were begun with a code " +
				"(`sts:GetSessionToken`): look whether a program uses them.",
			Parameters:  json.RawMessage(userSchema),
			Permissions: []string{"iam:GetUser", "iam:GetUserPolicy", "iam:PutUserPolicy", "iam:DeleteUserPolicy"},
			Effect:      action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: findUser, Leave: leaveEntity,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (state, error) {
			return readInline(ctx, iam.NewFromConfig(cfg), r, MFAPolicy)
		},
		Want: func(_ action.Resource, _ userParams, now state) (state, string, error) {
			want := state{json.RawMessage(mfaDocument)}
			switch {
			case action.SameState(now.Policy, want.Policy):
				return now, "It may do nothing without MFA already.", nil
			case now.Policy != nil:
				return now, "", setting.Escalation("It has a policy " + MFAPolicy + " with other content, which riposte didn't put there and leaves as it is. " +
					"Look at who put it, and delete or rename it.")
			}
			return want, "It may do whatever its policies allow without MFA.", nil
		},
		Steps: func(r action.Resource, _, to state) ([]setting.Step[state], error) {
			return inlineSteps(r, MFAPolicy, to), nil
		},
		Operations: inlineOperations,
	})
}
