package iam

var iamFacts = map[string][]string{
	"iam:AttachGroupPolicy":              userGroups,
	"iam:AttachRolePolicy":               roles,
	"iam:AttachUserPolicy":               users,
	"iam:CreateServiceLinkedRole":        linkedRoles,
	"iam:DeactivateMFADevice":            users,
	"iam:DeleteAccessKey":                users,
	"iam:DeleteAccountPasswordPolicy":    nil,
	"iam:DeleteGroupPolicy":              userGroups,
	"iam:DeleteLoginProfile":             users,
	"iam:DeleteRolePolicy":               roles,
	"iam:DeleteUser":                     users,
	"iam:DeleteUserPolicy":               users,
	"iam:DetachGroupPolicy":              userGroups,
	"iam:DetachRolePolicy":               roles,
	"iam:DetachUserPolicy":               users,
	"iam:GetAccessKeyLastUsed":           users,
	"iam:GetAccountPasswordPolicy":       nil,
	"iam:GetGroup":                       userGroups,
	"iam:GetGroupPolicy":                 userGroups,
	"iam:GetLoginProfile":                users,
	"iam:GetPolicy":                      managed,
	"iam:GetRole":                        roles,
	"iam:GetRolePolicy":                  roles,
	"iam:GetUser":                        users,
	"iam:GetUserPolicy":                  users,
	"iam:ListAccessKeys":                 users,
	"iam:ListAttachedGroupPolicies":      userGroups,
	"iam:ListAttachedRolePolicies":       roles,
	"iam:ListAttachedUserPolicies":       users,
	"iam:ListGroupsForUser":              users,
	"iam:ListMFADevices":                 users,
	"iam:ListPolicyVersions":             managed,
	"iam:ListSSHPublicKeys":              users,
	"iam:ListSigningCertificates":        users,
	"iam:ListServiceSpecificCredentials": users,
	"iam:ListUserPolicies":               users,
	"iam:PassRole":                       roles,
	"iam:PutGroupPolicy":                 userGroups,
	"iam:PutRolePolicy":                  roles,
	"iam:PutUserPolicy":                  users,
	"iam:RemoveUserFromGroup":            userGroups,
	"iam:SetDefaultPolicyVersion":        managed,
	"iam:SimulatePrincipalPolicy":        {"arn:P:iam::A:role/*", "arn:P:iam::A:user/*"},
	"iam:UpdateAccessKey":                users,
	"iam:UpdateAccountPasswordPolicy":    nil,
	"iam:UpdateAssumeRolePolicy":         roles,
}

var (
	// linkedRoles are those of the services that riposte turns on, which make them at the first time.
	linkedRoles = []string{
		"arn:P:iam::A:role/aws-service-role/access-analyzer.amazonaws.com/*",
		"arn:P:iam::A:role/aws-service-role/agentless.inspector2.amazonaws.com/*",
		"arn:P:iam::A:role/aws-service-role/guardduty.amazonaws.com/*",
		"arn:P:iam::A:role/aws-service-role/inspector2.amazonaws.com/*",
		"arn:P:iam::A:role/aws-service-role/macie.amazonaws.com/*",
		"arn:P:iam::A:role/aws-service-role/malware-protection.guardduty.amazonaws.com/*",
		"arn:P:iam::A:role/aws-service-role/securityhub.amazonaws.com/*",
	}
	users      = []string{"arn:P:iam::A:user/*"}
	roles      = []string{"arn:P:iam::A:role/*"}
	userGroups = []string{"arn:P:iam::A:group/*"}
	managed    = []string{"arn:P:iam::A:policy/*"}
)
