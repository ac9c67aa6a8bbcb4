package detect

import (
	"context"
	"maps"
	"slices"
	"strings"

	"riposte.dev/event"
	"riposte.dev/finding"
)

// Facts are what enrichment adds to an event: for the finding, and for the message to people.
type Facts struct {
	Address string        `json:"address,omitempty"` // where the call came from; "" where that is a service
	Network NetworkStatus `json:"network,omitempty"` // whether the address's network is new; "" where there is no address
	Prefix  string        `json:"prefix,omitempty"`  // the network: the address's /24 or /48
	Threats []Threat      `json:"threats,omitempty"` // lists that hold the address
	Errors  []string      `json:"errors,omitempty"`  // enrichments that failed: what is missing here is not known
}

// Threat is a threat list's entry that holds an address.
type Threat struct {
	List     string `json:"list"`               // the list's label
	Source   string `json:"source,omitempty"`   // where the list comes from
	Entry    string `json:"entry"`              // the address or network on the list
	Category string `json:"category,omitempty"` // an ASFF category such as COMMAND_AND_CONTROL
}

// Enricher adds facts about an event. It never changes the event; an error leaves the fact unknown and stops nothing.
type Enricher interface {
	Name() string
	Enrich(ctx context.Context, r *event.Record, account string, facts *Facts) error
}

// Enrich runs the enrichers over an event. Events without a CloudTrail record have no facts.
func Enrich(ctx context.Context, enrichers []Enricher, env *event.Envelope) Facts {
	var facts Facts
	r := env.Record()
	if r == nil {
		return facts
	}
	if addr, ok := sourceAddress(r); ok {
		facts.Address = addr.String()
	}
	for _, e := range enrichers {
		if err := e.Enrich(ctx, r, env.Account, &facts); err != nil {
			facts.Errors = append(facts.Errors, e.Name()+": "+err.Error())
		}
	}
	return facts
}

// maxIndicators is how many indicators a finding may have
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html).
const maxIndicators = 5

// apply writes the facts into a draft.
func (f Facts) apply(d *finding.Draft, at string) {
	fields := map[string]string{}
	maps.Copy(fields, d.Fields)
	d.Fields = fields
	kind := "IPV4_ADDRESS"
	if f.Address != "" {
		fields["riposte/SourceAddress"] = f.Address
		d.Network = &finding.Network{Direction: "IN", SourceIPV4: f.Address}
		if strings.Contains(f.Address, ":") {
			kind = "IPV6_ADDRESS"
			d.Network = &finding.Network{Direction: "IN", SourceIPV6: f.Address}
		}
	}
	if f.Network != "" {
		fields["riposte/SourceNetwork"] = f.Prefix
		fields["riposte/NewNetwork"] = string(f.Network)
	}
	if len(f.Threats) > 0 {
		fields["riposte/ThreatList"] = f.Threats[0].List
	}
	for _, t := range f.Threats[:min(len(f.Threats), maxIndicators)] {
		d.Indicators = append(slices.Clip(d.Indicators), finding.ThreatIntelIndicator{
			Type: kind, Value: f.Address, Category: t.Category, LastObservedAt: at, Source: oneLine(t.List, 64), SourceURL: t.Source,
		})
	}
	if len(f.Errors) > 0 {
		fields["riposte/EnrichmentError"] = oneLine(strings.Join(f.Errors, "; "), 2048)
	}
}
