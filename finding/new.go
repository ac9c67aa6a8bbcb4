package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"time"

	"riposte.dev/event"
)

// RuleField is the key in ProductFields that carries the rule that raised the finding.
const RuleField = "riposte/RuleId"

// affectedPrefix is where GuardDuty's findings name what an API call touched: affectedPrefix + CloudFormation type. With
// the next constant in front where Security Hub imported the finding from GuardDuty itself; that namespace is AWS's own,
// so riposte's findings leave it away.
const (
	affectedPrefix  = "action/awsApiCallAction/affectedResources/"
	guardDutyPrefix = "aws/guardduty/service/"
)

// Draft is what a detector knows about a finding of riposte's own. Rule, Cause, Account, Region, Types, Severity, Title,
// Resources and Observed are needed.
type Draft struct {
	Rule        string      // rule id
	Cause       event.Cause // what it was raised for; carried in event.RootCauseField
	Partition   string      // "" for aws
	Region      string
	Account     string // 12 digits; of the account that it is about
	Types       []string
	Severity    Label
	Title       string // cut to 256 characters
	Description string // cut to 1,024 characters; "" for Title
	Remediation string // what a person should do; cut to 512 characters
	SourceURL   string // where to read more, such as the finding's page in riposte
	Resources   []Resource
	Affected    map[string]string // CloudFormation type to ARN; see Finding.Affected
	Action      *Action
	Network     *Network
	Indicators  []ThreatIntelIndicator
	Fields      map[string]string // further ProductFields
	Observed    time.Time         // when it happened
}

// New makes a finding of riposte's own, raised at now. Its id follows from rule and cause, so that the same detection made
// twice is the same finding. A draft that does not make a valid finding is an error as Validate returns it.
func New(d Draft, now time.Time) (Finding, error) {
	if d.Partition == "" {
		d.Partition = "aws"
	}
	if d.Description == "" {
		d.Description = d.Title
	}
	f := Finding{
		SchemaVersion: SchemaVersion,
		ID:            ID(d.Rule, d.Cause),
		ProductArn:    "arn:" + d.Partition + ":securityhub:" + d.Region + ":" + d.Account + ":product/" + d.Account + "/default",
		ProductName:   "riposte", CompanyName: "riposte",
		Region: d.Region, GeneratorID: d.Rule, AwsAccountID: d.Account, Types: d.Types,
		FirstObservedAt: Time(d.Observed), LastObservedAt: Time(d.Observed), CreatedAt: Time(now), UpdatedAt: Time(now),
		Severity: &Severity{Label: d.Severity}, Title: shorten(d.Title, 256), Description: shorten(d.Description, 1024),
		SourceURL: d.SourceURL, ProductFields: map[string]string{},
		Resources: d.Resources, Network: d.Network, ThreatIntelIndicators: d.Indicators, Action: d.Action,
	}
	maps.Copy(f.ProductFields, d.Fields)
	for kind, arn := range d.Affected {
		f.ProductFields[affectedPrefix+kind] = arn
	}
	f.ProductFields[event.RootCauseField] = string(d.Cause)
	f.ProductFields[RuleField] = d.Rule
	if d.Remediation != "" {
		f.Remediation = &Remediation{Recommendation: &Recommendation{Text: shorten(d.Remediation, 512)}}
	}
	return f, Validate(f)
}

// ID is the id of the finding that a rule raises for a cause: the rule's id, a colon and 128 bits of a hash.
func ID(rule string, cause event.Cause) string {
	sum := sha256.Sum256([]byte(rule + "\x00" + string(cause)))
	return rule + ":" + hex.EncodeToString(sum[:16])
}

// Affected returns the ARN of the resource of a CloudFormation type, such as AWS::CloudTrail::Trail, that the API call in
// the finding touched: from ProductFields, with and without the prefix aws/guardduty/service/ (it depends on who imported
// the finding), else from Action.AwsApiCallAction.AffectedResources.
func (f Finding) Affected(resourceType string) (arn string, ok bool) {
	for _, prefix := range []string{guardDutyPrefix + affectedPrefix, affectedPrefix} {
		if arn := f.ProductFields[prefix+resourceType]; arn != "" {
			return arn, true
		}
	}
	if f.Action != nil && f.Action.AwsAPICallAction != nil {
		arn = f.Action.AwsAPICallAction.AffectedResources[resourceType]
	}
	return arn, arn != ""
}

// Rule returns the rule that raised the finding, "" where riposte did not.
func (f Finding) Rule() string { return f.ProductFields[RuleField] }
