package finding

// complete fills in what Security Hub fills in when it imports a finding: region, record state, workflow, both spellings
// of the severity, the provider's values beside the top-level ones, and the finding's own ARN
// (https://docs.aws.amazon.com/securityhub/latest/userguide/asff-top-level-attributes.html).
func complete(f Finding) Finding {
	if f.Region == "" {
		f.Region = f.Key().region()
	}
	if f.RecordState == "" {
		f.RecordState = Active
	}
	if f.Workflow == nil || f.Workflow.Status == "" {
		f.Workflow = withStatus(f.Workflow, StatusNew)
	}
	p := ProviderFields{}
	if f.FindingProviderFields != nil {
		p = *f.FindingProviderFields
	}
	f.Severity, p.Severity = severities(f.Severity, p.Severity)
	f.Confidence, p.Confidence = either(p.Confidence, f.Confidence)
	f.Criticality, p.Criticality = either(p.Criticality, f.Criticality)
	if p.Types == nil {
		p.Types = f.Types
	}
	f.Types = p.Types
	if p.RelatedFindings == nil {
		p.RelatedFindings = f.RelatedFindings
	}
	f.RelatedFindings = p.RelatedFindings
	f.FindingProviderFields = &p
	f.ProductFields = with(f.ProductFields, "aws/securityhub/FindingId", f.Key().ARN())
	if f.ProductName != "" {
		f.ProductFields = with(f.ProductFields, "aws/securityhub/ProductName", f.ProductName)
	}
	if f.CompanyName != "" {
		f.ProductFields = with(f.ProductFields, "aws/securityhub/CompanyName", f.CompanyName)
	}
	return f
}

// either returns the provider's value twice where there is one, else the top-level value twice.
func either(provider, top *int) (*int, *int) {
	if provider != nil {
		return provider, provider
	}
	return top, top
}

// severities completes the top-level severity and the provider's from one another. The provider's label wins; of a
// severity without label, Normalized gives it.
func severities(top *Severity, provider *ProviderSeverity) (*Severity, *ProviderSeverity) {
	s, p := Severity{}, ProviderSeverity{}
	if top != nil {
		s = *top
	}
	if provider != nil {
		p = *provider
	}
	if p.Label != "" && p.Label != s.Label {
		s.Label, s.Normalized = p.Label, nil
	}
	if s.Label == "" && s.Normalized != nil {
		s.Label = LabelOf(*s.Normalized)
	}
	if s.Normalized == nil {
		n := s.Label.Normalized()
		s.Normalized = &n
	}
	if s.Original == "" {
		s.Original = p.Original
	}
	p.Label = s.Label
	if p.Original == "" {
		p.Original = s.Original
	}
	return &s, &p
}

// LabelOf returns the label of a normalized severity, 0 to 100
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html).
func LabelOf(normalized int) Label {
	switch {
	case normalized <= 0:
		return Informational
	case normalized < 40:
		return Low
	case normalized < 70:
		return Medium
	case normalized < 90:
		return High
	default:
		return Critical
	}
}

// Normalized returns the lowest normalized severity that has the label.
func (l Label) Normalized() int {
	switch l {
	case Low:
		return 1
	case Medium:
		return 40
	case High:
		return 70
	case Critical:
		return 90
	default:
		return 0
	}
}
