package iam

import "slices"

// dangerous are permissions with which whoever takes riposte's role over would do the most harm: become somebody else, hide, read
// secrets, delete.
var dangerous = []string{
	"account:CloseAccount",
	"cloudformation:CreateStack",
	"cloudtrail:DeleteTrail", "cloudtrail:PutEventSelectors", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail",
	"config:DeleteConfigurationRecorder", "config:StopConfigurationRecorder",
	"dynamodb:DeleteTable",
	"ec2:CreateSnapshot", "ec2:ModifyImageAttribute", "ec2:ModifySnapshotAttribute", "ec2:RunInstances", "ec2:TerminateInstances",
	"guardduty:DeleteDetector",
	"iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:CreateAccessKey",
	"iam:CreateLoginProfile", "iam:CreatePolicyVersion", "iam:CreateRole", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary", "iam:DeleteUser",
	"iam:DeleteUserPermissionsBoundary", "iam:PassRole", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy",
	"iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:UpdateLoginProfile",
	"kms:CreateGrant", "kms:Decrypt", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion",
	"lambda:AddPermission", "lambda:CreateFunction", "lambda:InvokeFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
	"logs:DeleteLogGroup",
	"organizations:AttachPolicy", "organizations:DetachPolicy", "organizations:LeaveOrganization",
	"rds:DeleteDBInstance", "rds:ModifyDBSnapshotAttribute",
	"s3:DeleteBucket", "s3:DeleteObject", "s3:GetObject", "s3:PutBucketPolicy", "s3:PutObject",
	"secretsmanager:GetSecretValue",
	"securityhub:DisableSecurityHub",
	"ssm:GetParameter", "ssm:SendCommand", "ssm:StartSession",
	"sts:AssumeRole",
}

// Probe is a dangerous permission on resources on which nothing needs it, at least not without a condition.
type Probe struct {
	Action    string
	Resources []string    // ARNs with wildcards, or "*"
	Needed    []Statement // what of it is needed; nil: nothing
}

// Probes returns what a role that has the needs and no more is not allowed, of what is dangerous: on everything, on all resources
// of the account where nothing of it is needed, and without the conditions under which it is. Sorted by action.
func Probes(needs []Need, partition, account string) []Probe {
	granted := Merge(needs)
	var probes []Probe
	for _, action := range dangerous {
		p := Probe{Action: action, Resources: []string{"*"}}
		everything := false
		for _, s := range granted.Statement {
			if !slices.Contains(s.Action, action) {
				continue
			}
			p.Needed = append(p.Needed, s)
			everything = everything || len(s.Condition) == 0 && slices.Contains(s.Resource, "*")
			if len(s.Condition) > 0 && serviceOf(action) != "s3" { // a simulated bucket has no owner
				p.Resources = append(p.Resources, s.Resource...)
			}
		}
		if p.Needed == nil {
			p.Resources = append(p.Resources, resolved(facts[action], partition, account)...)
		}
		if !everything {
			p.Resources = sorted(p.Resources)
			probes = append(probes, p)
		}
	}
	return probes
}

// policied are services whose resources can have policies of their own that let somebody in or keep somebody out.
var policied = []string{"ecr", "events", "kms", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs"}

// Policied returns the services of the needs whose resources can have policies, which a simulation of the role does not look at,
// sorted.
func Policied(needs []Need) []string {
	var out []string
	for _, n := range needs {
		for _, action := range n.Actions {
			if service := serviceOf(action); slices.Contains(policied, service) {
				out = append(out, service)
			}
		}
	}
	return sorted(out)
}
