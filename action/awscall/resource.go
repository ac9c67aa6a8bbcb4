package awscall

import "riposte.dev/action"

// AccountType is the type of the resource that an account is, as AWS Config's resource type of findings names it.
const AccountType = "AWS::::Account"

// Account is the request's account in its region, as the resource of what is set once there.
func Account(req action.Request) action.Resource {
	return action.Resource{
		Type: AccountType, ARN: "arn:" + Partition(req.Region) + ":iam::" + req.Account + ":root",
		Name: "account " + req.Account + " in " + req.Region, Account: req.Account, Region: req.Region,
	}
}
