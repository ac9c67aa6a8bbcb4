package finding

import (
	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/conf"
)

// Label is a severity that people and rules use.
type Label string

// The labels, from nothing to worry about to now
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html).
const (
	Informational Label = "INFORMATIONAL"
	Low           Label = "LOW"
	Medium        Label = "MEDIUM"
	High          Label = "HIGH"
	Critical      Label = "CRITICAL"
)

// ConfSchema lists the labels.
func (Label) ConfSchema() conf.Schema {
	return conf.OneOf(string(Informational), string(Low), string(Medium), string(High), string(Critical))
}

// Severity says how bad it is. The hub fills in whichever of Label and Normalized is missing.
type Severity struct {
	Label      Label                     `json:"Label,omitzero"`
	Normalized *int                      `json:"Normalized,omitzero"` // 0 to 100
	Original   string                    `json:"Original,omitzero"`   // in the product's own scale
	Rest       map[string]jsontext.Value `json:",embed"`
}

// RecordState is the provider's word on whether the issue still exists.
type RecordState string

// The record states.
const (
	Active   RecordState = "ACTIVE"
	Archived RecordState = "ARCHIVED"
)

// WorkflowStatus is the customer's word on how far the investigation is.
type WorkflowStatus string

// The workflow statuses (https://docs.aws.amazon.com/securityhub/latest/userguide/findings-workflow-status.html).
const (
	StatusNew        WorkflowStatus = "NEW"
	StatusNotified   WorkflowStatus = "NOTIFIED"
	StatusResolved   WorkflowStatus = "RESOLVED"
	StatusSuppressed WorkflowStatus = "SUPPRESSED"
)

// Workflow holds the status of the investigation.
type Workflow struct {
	Status WorkflowStatus            `json:"Status,omitzero"`
	Rest   map[string]jsontext.Value `json:",embed"`
}

// Note is what a person wrote about the finding.
type Note struct {
	Text      string                    `json:"Text,omitzero"` // at most 512 characters
	UpdatedBy string                    `json:"UpdatedBy,omitzero"`
	UpdatedAt string                    `json:"UpdatedAt,omitzero"`
	Rest      map[string]jsontext.Value `json:",embed"`
}

// Remediation says what to do about it.
type Remediation struct {
	Recommendation *Recommendation           `json:"Recommendation,omitzero"`
	Rest           map[string]jsontext.Value `json:",embed"`
}

// Recommendation is text, a link, or both.
type Recommendation struct {
	Text string                    `json:"Text,omitzero"` // at most 512 characters
	URL  string                    `json:"Url,omitzero"`
	Rest map[string]jsontext.Value `json:",embed"`
}

// Resource is something that the finding is about.
type Resource struct {
	Type         string                    `json:"Type,omitzero"` // such as AwsCloudTrailTrail
	ID           string                    `json:"Id,omitzero"`   // the ARN where there is one
	Partition    string                    `json:"Partition,omitzero"`
	Region       string                    `json:"Region,omitzero"`
	ResourceRole string                    `json:"ResourceRole,omitzero"` // Actor or Target
	Tags         map[string]string         `json:"Tags,omitzero"`
	Details      jsontext.Value            `json:"Details,omitzero"` // an object with one member, named as Type
	Rest         map[string]jsontext.Value `json:",embed"`
}

// Network is the traffic that the finding is about.
type Network struct {
	Direction       string                    `json:"Direction,omitzero"` // IN or OUT
	Protocol        string                    `json:"Protocol,omitzero"`
	SourceIPV4      string                    `json:"SourceIpV4,omitzero"`
	SourceIPV6      string                    `json:"SourceIpV6,omitzero"`
	SourcePort      *int                      `json:"SourcePort,omitzero"`
	DestinationIPV4 string                    `json:"DestinationIpV4,omitzero"`
	DestinationIPV6 string                    `json:"DestinationIpV6,omitzero"`
	DestinationPort *int                      `json:"DestinationPort,omitzero"`
	Rest            map[string]jsontext.Value `json:",embed"`
}

// ThreatIntelIndicator is an address, name or hash that a threat list holds.
type ThreatIntelIndicator struct {
	Type           string                    `json:"Type,omitzero"` // such as IPV4_ADDRESS
	Value          string                    `json:"Value,omitzero"`
	Category       string                    `json:"Category,omitzero"` // such as COMMAND_AND_CONTROL
	LastObservedAt string                    `json:"LastObservedAt,omitzero"`
	Source         string                    `json:"Source,omitzero"` // the list's name, at most 64 characters
	SourceURL      string                    `json:"SourceUrl,omitzero"`
	Rest           map[string]jsontext.Value `json:",embed"`
}

// Action is what was done. ActionType says which of the kinds is filled; kinds other than an API call stay in Rest.
type Action struct {
	ActionType       string                    `json:"ActionType,omitzero"` // such as AWS_API_CALL
	AwsAPICallAction *AwsAPICallAction         `json:"AwsApiCallAction,omitzero"`
	Rest             map[string]jsontext.Value `json:",embed"`
}

// AwsAPICallAction is an API call that was made.
type AwsAPICallAction struct {
	API               string                    `json:"Api,omitzero"`
	ServiceName       string                    `json:"ServiceName,omitzero"` // such as cloudtrail.amazonaws.com
	CallerType        string                    `json:"CallerType,omitzero"`  // remoteip or domain
	RemoteIPDetails   *RemoteIPDetails          `json:"RemoteIpDetails,omitzero"`
	AffectedResources map[string]string         `json:"AffectedResources,omitzero"` // CloudFormation type to ARN
	FirstSeen         string                    `json:"FirstSeen,omitzero"`
	LastSeen          string                    `json:"LastSeen,omitzero"`
	Rest              map[string]jsontext.Value `json:",embed"`
}

// RemoteIPDetails says where a call came from.
type RemoteIPDetails struct {
	IPAddressV4  string                    `json:"IpAddressV4,omitzero"`
	Organization *IPOrganization           `json:"Organization,omitzero"`
	Country      *Country                  `json:"Country,omitzero"`
	Rest         map[string]jsontext.Value `json:",embed"` // City, GeoLocation
}

// IPOrganization is who announces an address.
type IPOrganization struct {
	ASN    *int                      `json:"Asn,omitzero"`
	ASNOrg string                    `json:"AsnOrg,omitzero"`
	ISP    string                    `json:"Isp,omitzero"`
	Org    string                    `json:"Org,omitzero"`
	Rest   map[string]jsontext.Value `json:",embed"`
}

// Country is where an address is.
type Country struct {
	CountryCode string                    `json:"CountryCode,omitzero"`
	CountryName string                    `json:"CountryName,omitzero"`
	Rest        map[string]jsontext.Value `json:",embed"`
}

// Compliance is the result of a check against a standard.
type Compliance struct {
	Status              string                    `json:"Status,omitzero"` // PASSED, WARNING, FAILED or NOT_AVAILABLE
	RelatedRequirements []string                  `json:"RelatedRequirements,omitzero"`
	Rest                map[string]jsontext.Value `json:",embed"`
}

// RelatedFinding names another finding.
type RelatedFinding struct {
	ProductArn string                    `json:"ProductArn,omitzero"`
	ID         string                    `json:"Id,omitzero"`
	Rest       map[string]jsontext.Value `json:",embed"`
}

// ProviderFields are the provider's values of what a customer may overrule at the top level
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_FindingProviderFields.html).
type ProviderFields struct {
	Confidence      *int                      `json:"Confidence,omitzero"`
	Criticality     *int                      `json:"Criticality,omitzero"`
	RelatedFindings []RelatedFinding          `json:"RelatedFindings,omitzero"`
	Severity        *ProviderSeverity         `json:"Severity,omitzero"`
	Types           []string                  `json:"Types,omitzero"`
	Rest            map[string]jsontext.Value `json:",embed"`
}

// ProviderSeverity is the provider's severity.
type ProviderSeverity struct {
	Label    Label                     `json:"Label,omitzero"`
	Original string                    `json:"Original,omitzero"`
	Rest     map[string]jsontext.Value `json:",embed"`
}
