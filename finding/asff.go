package finding

import (
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// SchemaVersion is the version of the format that this package reads and writes.
const SchemaVersion = "2018-10-08"

// MaxBytes is the largest finding that Security Hub takes, and so this package
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html).
const MaxBytes = 240 << 10

// Finding is a finding in the AWS Security Finding Format. The members that riposte uses have a field; every other
// member stays in Rest, at its own level, so that what was read is what is written. Times are RFC 3339 text, as they
// came; [Time] formats one.
type Finding struct {
	SchemaVersion string   `json:"SchemaVersion,omitzero"`
	ID            string   `json:"Id,omitzero"`
	ProductArn    string   `json:"ProductArn,omitzero"`
	ProductName   string   `json:"ProductName,omitzero"`
	CompanyName   string   `json:"CompanyName,omitzero"`
	Region        string   `json:"Region,omitzero"`
	GeneratorID   string   `json:"GeneratorId,omitzero"`
	AwsAccountID  string   `json:"AwsAccountId,omitzero"` // 12 digits
	Types         []string `json:"Types,omitzero"`        // namespace/category/classifier

	FirstObservedAt string `json:"FirstObservedAt,omitzero"`
	LastObservedAt  string `json:"LastObservedAt,omitzero"`
	CreatedAt       string `json:"CreatedAt,omitzero"`
	UpdatedAt       string `json:"UpdatedAt,omitzero"`

	Severity    *Severity    `json:"Severity,omitzero"`
	Confidence  *int         `json:"Confidence,omitzero"`  // 0 to 100
	Criticality *int         `json:"Criticality,omitzero"` // 0 to 100
	Title       string       `json:"Title,omitzero"`       // at most 256 characters
	Description string       `json:"Description,omitzero"` // at most 1,024 characters
	Remediation *Remediation `json:"Remediation,omitzero"`
	SourceURL   string       `json:"SourceUrl,omitzero"`

	ProductFields     map[string]string `json:"ProductFields,omitzero"`     // the product's own, at most 50
	UserDefinedFields map[string]string `json:"UserDefinedFields,omitzero"` // the customer's own, at most 50

	Resources             []Resource                `json:"Resources,omitzero"` // 1 to 32
	Network               *Network                  `json:"Network,omitzero"`
	ThreatIntelIndicators []ThreatIntelIndicator    `json:"ThreatIntelIndicators,omitzero"` // at most 5
	Action                *Action                   `json:"Action,omitzero"`
	Compliance            *Compliance               `json:"Compliance,omitzero"`
	RelatedFindings       []RelatedFinding          `json:"RelatedFindings,omitzero"` // at most 10
	Workflow              *Workflow                 `json:"Workflow,omitzero"`
	WorkflowState         string                    `json:"WorkflowState,omitzero"` // deprecated by AWS for Workflow; kept as it came
	RecordState           RecordState               `json:"RecordState,omitzero"`
	VerificationState     string                    `json:"VerificationState,omitzero"`
	Note                  *Note                     `json:"Note,omitzero"`
	FindingProviderFields *ProviderFields           `json:"FindingProviderFields,omitzero"`
	Sample                *bool                     `json:"Sample,omitzero"`
	Rest                  map[string]jsontext.Value `json:",embed"` // members without a field, raw
}

// Parse reads one finding from bytes of unknown origin. It refuses, with code Invalid or TooLarge: what is not one JSON
// object, a duplicate member at any depth, a member of the wrong JSON type, and more than MaxBytes. It does not check the
// format's rules; see [Validate].
func Parse(raw []byte) (Finding, error) {
	var f Finding
	if len(raw) > MaxBytes {
		return f, fault.New(fault.TooLarge, "finding has %d bytes, over the limit of %d", len(raw), MaxBytes).
			WithHint("shorten Resources[].Details; Security Hub refuses a larger one too")
	}
	if err := jsonv2.Unmarshal(raw, &f); err != nil {
		return Finding{}, fault.New(fault.Invalid, "finding is not in the AWS Security Finding Format: %w", err)
	}
	return f, nil
}

// plain is Finding without methods, so that the methods below do not call themselves.
type plain Finding

// MarshalJSON writes the finding with every member that it was read with. Members are in a fixed order.
func (f Finding) MarshalJSON() ([]byte, error) {
	return jsonv2.Marshal(plain(f), jsonv2.Deterministic(true))
}

// UnmarshalJSON reads what [Parse] reads, of any size.
func (f *Finding) UnmarshalJSON(raw []byte) error {
	return jsonv2.Unmarshal(raw, (*plain)(f))
}

// Key identifies a finding: ids are the product's own and may repeat over products.
type Key struct {
	ProductArn string `json:"ProductArn"`
	ID         string `json:"Id"`
}

// Key returns what identifies the finding.
func (f Finding) Key() Key { return Key{f.ProductArn, f.ID} }

// ARN is the name that Security Hub gives a finding in an event's resources and in aws/securityhub/FindingId.
func (k Key) ARN() string { return k.ProductArn + "/" + k.ID }

// Time formats t as the format's timestamps are written: RFC 3339, UTC, milliseconds.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
