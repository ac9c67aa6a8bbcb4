package iam

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// NewDeleteUser returns the action iam.delete-user.
func NewDeleteUser(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[userParams, presence]{
		Spec: action.Spec{
			Name:  "iam.delete-user",
			Title: "Delete a user who is in quarantine",
			Description: "Deletes a user, such as one that an intruder created, with access keys, password, MFA devices, memberships and policies. " +
				"Only a user who is in quarantine by `iam.quarantine-principal`, so that somebody has looked first and nothing that needs " +
				"the user goes unnoticed; the quarantine is the last that goes. A user with SSH keys, signing certificates or credentials " +
				"for single services is left to people.",
			Parameters: json.RawMessage(userSchema),
			Permissions: []string{
				"iam:GetUser", "iam:GetUserPolicy", "iam:GetLoginProfile", "iam:ListAccessKeys", "iam:ListMFADevices", "iam:ListGroupsForUser",
				"iam:ListUserPolicies", "iam:ListAttachedUserPolicies", "iam:ListSSHPublicKeys", "iam:ListSigningCertificates",
				"iam:ListServiceSpecificCredentials", "iam:DeleteAccessKey", "iam:DeleteLoginProfile", "iam:DeactivateMFADevice",
				"iam:RemoveUserFromGroup", "iam:DetachUserPolicy", "iam:DeleteUserPolicy", "iam:DeleteUser",
			},
			Effect:       action.StateChecked,
			Evidence:     action.EventEvidence,
			Irreversible: "a deleted user's keys, password and id can't be had again; a user in quarantine can do nothing and can be let out",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p userParams) ([]action.Resource, error) {
			found, err := findUser(ctx, cfg, req, p)
			if fault.CodeOf(err) != fault.NotFound {
				return found, err
			}
			return []action.Resource{{ // gone, as it shall be
				Type: userType, ARN: "arn:" + awscall.Partition(req.Region) + ":iam::" + req.Account + ":user/" + p.User, Name: p.User,
				Account: req.Account, Region: home(req.Region),
			}}, nil
		},
		Leave: leaveEntity, Read: readPresence,
		Want: func(_ action.Resource, _ userParams, now presence) (presence, string, error) {
			switch {
			case !now.Exists:
				return now, "The account has no such user.", nil
			case !now.quarantined:
				return now, "", setting.Escalation("It is not in quarantine: put it there with iam.quarantine-principal, and see that nothing needs it.")
			case now.others != "":
				return now, "", setting.Escalation("It has " + now.others + ": look at what they were for, and delete them by hand first.")
			}
			return presence{}, "It is in quarantine.", nil
		},
		Steps: deleteSteps,
		Operations: map[string]setting.Operation{
			"DeleteAccessKey": op((*iam.Client).DeleteAccessKey), "DeleteLoginProfile": op((*iam.Client).DeleteLoginProfile),
			"DeactivateMFADevice": op((*iam.Client).DeactivateMFADevice), "RemoveUserFromGroup": op((*iam.Client).RemoveUserFromGroup),
			"DetachUserPolicy": op((*iam.Client).DetachUserPolicy), "DeleteUserPolicy": op((*iam.Client).DeleteUserPolicy),
			"DeleteUser": op((*iam.Client).DeleteUser),
		},
	})
}

// deleteSteps take away what the user can act with first, and the quarantine last.
func deleteSteps(r action.Resource, from, to presence) ([]setting.Step[presence], error) {
	var steps []setting.Step[presence]
	name := nameIn(r.ARN)
	call := func(operation, member, value string) {
		input := map[string]string{"UserName": name}
		if member != "" {
			input[member] = value
		}
		steps = append(steps, setting.Step[presence]{Operation: operation, Input: input, Leaves: from})
	}
	each := func(list *[]string, operation, member string) {
		for len(*list) > 0 {
			one := (*list)[0]
			*list = (*list)[1:]
			call(operation, member, one)
		}
	}
	each(&from.Keys, "DeleteAccessKey", "AccessKeyId")
	if from.Password {
		from.Password = false
		call("DeleteLoginProfile", "", "")
	}
	each(&from.Devices, "DeactivateMFADevice", "SerialNumber")
	each(&from.Groups, "RemoveUserFromGroup", "GroupName")
	each(&from.Attached, "DetachUserPolicy", "PolicyArn")
	from.Inline = slices.DeleteFunc(slices.Clone(from.Inline), func(policy string) bool { return policy == QuarantinePolicy })
	from.Inline = append(from.Inline, QuarantinePolicy)
	each(&from.Inline, "DeleteUserPolicy", "PolicyName")
	from = to
	call("DeleteUser", "", "")
	return steps, nil
}
