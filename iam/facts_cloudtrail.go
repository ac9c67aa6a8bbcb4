package iam

var cloudtrailFacts = map[string][]string{
	"cloudtrail:DescribeTrails":    nil,
	"cloudtrail:GetEventSelectors": trails,
	"cloudtrail:PutEventSelectors": trails,
	"cloudtrail:GetTrail":          trails,
	"cloudtrail:ListTags":          trails,
	"cloudtrail:ListPublicKeys":    nil,
	"cloudtrail:LookupEvents":      nil,
	"cloudtrail:GetTrailStatus":    trails,
	"cloudtrail:StartLogging":      trails,
	"cloudtrail:StopLogging":       trails,
	"cloudtrail:UpdateTrail":       trails,
}

var trails = []string{"arn:P:cloudtrail:*:A:trail/*"}
