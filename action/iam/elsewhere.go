package iam

import (
	"fmt"

	"riposte.dev/action"
)

// The steps for principals whose policies cannot be changed in their account. Those of Identity Center are in
// https://docs.aws.amazon.com/singlesignon/latest/userguide/prereqs-revoking-user-permissions.html and
// https://docs.aws.amazon.com/singlesignon/latest/userguide/end-active-sessions.html.

// quarantineElsewhere says what to do instead of a quarantine; "" where one can be had. own is riposte's own user or role.
func quarantineElsewhere(r action.Resource, who principal, own bool) string {
	switch {
	case own:
		return ownSteps(r)
	case r.Type == accountType:
		return fmt.Sprintf("No policy in the account holds for root. Delete its access keys and change its password as root, turn MFA on, "+
			"and let the management account attach a service control policy that denies root everything in account %s.", r.Account)
	case ofService(r):
		return "It is the role of an AWS service, which nobody else may change or assume. Look at who uses the service, and quarantine them."
	case ofPermissionSet(r):
		return "It is the role of a permission set, which only IAM Identity Center may change, and others may share it. In Identity Center: " +
			"disable the access of the user" + ofSession(who) + ", end their active sessions, and remove their assignment to account " + r.Account + ". " +
			"Their sessions in the account last until they expire: to cut them off, attach a service control policy that denies everything " +
			"where identitystore:userId is the user's."
	}
	return ""
}

// revokeElsewhere says what to do instead of revoking sessions; "" where that can be done. own is riposte's own user or role.
func revokeElsewhere(r action.Resource, who principal, own bool) string {
	switch {
	case own:
		return ownSteps(r)
	case r.Type == accountType:
		return "No policy in the account holds for root's sessions. Change root's password and delete its access keys as root, and let the " +
			"management account attach a service control policy that denies root everything in account " + r.Account + " until its sessions have expired."
	case ofService(r):
		return "It is the role of an AWS service, whose sessions AWS doesn't let anybody revoke. Look at who uses the service, and quarantine them."
	case ofPermissionSet(r):
		return "It is the role of a permission set, which only IAM Identity Center may change. In Identity Center: end the active sessions of the user" +
			ofSession(who) + ", and disable their access. Their sessions in account " + r.Account + " last until they expire: to cut them off, put into the " +
			"permission set's inline policy a statement that denies everything where identitystore:userId is the user's, and provision it again, " +
			"or attach that as a service control policy."
	}
	return ""
}

// ofSession names the user of Identity Center, after whom their sessions are named.
func ofSession(who principal) string {
	if who.session == "" {
		return ""
	}
	return " " + who.session
}
