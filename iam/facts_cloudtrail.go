package iam

var cloudtrailFacts = map[string][]string{
	"cloudtrail:CreateTrail":       trails,
	"cloudtrail:DeleteTrail":       trails,
	"cloudtrail:DescribeTrails":    nil,
	"cloudtrail:GetEventSelectors": trails,
	"cloudtrail:PutEventSelectors": trails,
	"cloudtrail:GetTrail":          trails,
	"cloudtrail:ListTags":          trails,
	"cloudtrail:ListPublicKeys":    nil,
	"cloudtrail:LookupEvents":      nil,
	// An account sees the trails of its organisation, which are the management account's.
	"cloudtrail:GetTrailStatus": {"arn:P:cloudtrail:*:*:trail/*"},
	"cloudtrail:StartLogging":   trails,
	"cloudtrail:StopLogging":    trails,
	"cloudtrail:UpdateTrail":    trails,
}

var trails = []string{"arn:P:cloudtrail:*:A:trail/*"}
