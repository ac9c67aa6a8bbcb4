package sandbox

import (
	"maps"
	"strings"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// opensearchService answers for domains, which store nothing and change at once
// (https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_Operations_Amazon_OpenSearch_Service.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonopensearchservice.html.
func opensearchService() *service {
	op := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, handle: handle, resources: func(c *call) []string { return []string{c.arn("domain/" + c.in.str("DomainName"))} }}
	}
	update := op("UpdateDomainConfig", updateDomainConfig)
	update.also = domainKeyNeeds
	return &service{
		name: "opensearch", prefix: "es",
		operations: []operation{
			op("CreateDomain", createDomain),
			op("DescribeDomain", describeDomain),
			op("DescribeDomainConfig", describeDomainConfig),
			update,
			op("StartServiceSoftwareUpdate", startDomainUpdate),
			{name: "ListDomainNames", handle: listDomainNames},
			{name: "ListTags", resources: func(c *call) []string { return []string{c.in.str("ARN")} }, handle: listDomainTags},
		},
	}
}

// domains are those of an account in a region.
type domains struct{ all []*domain }

type domain struct {
	name, id, policy string
	engine           string      // with its version
	mended           bool        // has the newest service software
	options          wire.Object // those that the sandbox keeps, as the API names them
	created, updated time.Time
	tags             map[string]string
}

// domainOptions are what the sandbox keeps of a domain beside its policy. Each
// is replaced as a whole, or merged where merged says so.
var domainOptions = []struct {
	name   string
	merged bool
}{{"DomainEndpointOptions", true}, {"LogPublishingOptions", true}, {"AdvancedSecurityOptions", false}, {"VPCOptions", false},
	{"EncryptionAtRestOptions", true}, {"NodeToNodeEncryptionOptions", true}}

func newDomains() *domains { return &domains{} }

func (s *domains) clone() stater {
	out := newDomains()
	for _, d := range s.all {
		c := *d
		c.options, c.tags = maps.Clone(d.options), maps.Clone(d.tags)
		out.all = append(out.all, &c)
	}
	return out
}

func (c *call) domains() *domains {
	return stateOf(c, stateKey{"opensearch", c.account.id, c.region}, newDomains)
}

func (c *call) domain() (*domain, error) {
	name := c.in.str("DomainName")
	if _, _, of, ok := cutARN(c.in.str("ARN"), "es", "domain/"); ok {
		name = of
	}
	d := firstWhere(c.domains().all, func(d *domain) bool { return d.name == name })
	if d == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Domain not found: %s", name)
	}
	return d, nil
}

func createDomain(c *call) (wire.Object, error) {
	if d, _ := c.domain(); d != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Domain %s already exists", d.name)
	}
	d := &domain{
		name: c.in.str("DomainName"), engine: orElse(c.in.str("EngineVersion"), "OpenSearch_2.17"), created: c.time.UTC(), tags: map[string]string{},
		options: wire.Object{
			"DomainEndpointOptions": wire.Object{"EnforceHTTPS": false, "TLSSecurityPolicy": "Policy-Min-TLS-1-0-2019-07", "CustomEndpointEnabled": false},
			"LogPublishingOptions":  wire.Object{}, "AdvancedSecurityOptions": wire.Object{"Enabled": false},
			"EncryptionAtRestOptions": wire.Object{"Enabled": false}, "NodeToNodeEncryptionOptions": wire.Object{"Enabled": false},
		},
	}
	d.id = c.account.id + "/" + d.name
	for _, t := range c.in.objects("TagList") {
		d.tags[t.str("Key")] = t.str("Value")
	}
	if err := d.update(c); err != nil {
		return nil, err
	}
	s := c.domains()
	s.all = append(s.all, d)
	return wire.Object{"DomainStatus": d.describe(c)}, nil
}

// update takes what the input says.
func (d *domain) update(c *call) error {
	if c.in.has("AccessPolicies") {
		text := c.in.str("AccessPolicies")
		if _, err := policy.Parse([]byte(text)); err != nil && text != "" {
			return wire.Errorf("ValidationException", "Error setting policy: [%s]", text)
		}
		d.policy = text
	}
	options := maps.Clone(d.options)
	for _, o := range domainOptions {
		value, ok := c.in[o.name].(wire.Object)
		if !ok {
			continue
		}
		whole := wire.Object{}
		if before, ok := options[o.name].(wire.Object); ok && o.merged {
			whole = maps.Clone(before)
		}
		maps.Copy(whole, value)
		options[o.name] = whole
	}
	for _, name := range []string{"EncryptionAtRestOptions", "NodeToNodeEncryptionOptions"} {
		if input(d.options).object(name).flag("Enabled", false) && !input(options).object(name).flag("Enabled", false) {
			return wire.Errorf("ValidationException", "%s can't be disabled once it is enabled.", strings.TrimSuffix(name, "Options"))
		}
	}
	if arn := c.domainKey(); arn != "" && input(options).object("EncryptionAtRestOptions").flag("Enabled", false) {
		options["EncryptionAtRestOptions"] = wire.Object{"Enabled": true, "KmsKeyId": arn}
	}
	audit := input(options).object("LogPublishingOptions").object("AUDIT_LOGS").flag("Enabled", false)
	if audit && !input(options).object("AdvancedSecurityOptions").flag("Enabled", false) {
		return wire.Errorf("ValidationException", "audit log publishing cannot be enabled as you do not have advanced security options configured.")
	}
	for kind, v := range input(options).object("LogPublishingOptions") {
		if log, ok := v.(wire.Object); ok && input(log).flag("Enabled", false) && !strings.Contains(input(log).str("CloudWatchLogsLogGroupArn"), ":log-group:") {
			return wire.Errorf("ValidationException", "CloudWatchLogsLogGroupArn of %s is not valid.", kind)
		}
	}
	d.options, d.updated = options, c.time.UTC()
	return nil
}

// domainKey is the ARN of the key by which the input has a domain encrypt; "":
// it doesn't.
func (c *call) domainKey() string {
	in := c.in.object("EncryptionAtRestOptions")
	switch {
	case !in.flag("Enabled", false):
		return ""
	case in.has("KmsKeyId"):
		return c.keyARN(in.str("KmsKeyId"))
	}
	return c.awsKey("es").arn
}

// domainKeyNeeds is that the caller may look at the key.
func domainKeyNeeds(c *call) []need {
	if arn := c.domainKey(); arn != "" {
		return []need{{"kms:DescribeKey", arn}}
	}
	return nil
}

// software is the domain's service software: one update is there for each.
func (d *domain) software() wire.Object {
	const first, second = "R20240502", "R20240502-P1"
	out := wire.Object{
		"CurrentVersion": d.engine + "_" + first, "NewVersion": d.engine + "_" + second, "UpdateAvailable": true, "Cancellable": false,
		"UpdateStatus": "ELIGIBLE", "Description": "There is a software update available for this domain.", "OptionalDeployment": true,
	}
	if d.mended {
		out["CurrentVersion"], out["NewVersion"], out["UpdateAvailable"] = d.engine+"_"+second, "", false
		out["UpdateStatus"], out["Description"] = "COMPLETED", "There is no software update available for this domain."
	}
	return out
}

func startDomainUpdate(c *call) (wire.Object, error) {
	d, err := c.domain()
	if err != nil {
		return nil, err
	}
	if d.mended {
		return nil, wire.Errorf("ValidationException", "No software update is available for domain %s.", d.name)
	}
	d.mended = true
	return wire.Object{"ServiceSoftwareOptions": d.software()}, nil
}

func (d *domain) describe(c *call) wire.Object {
	out := wire.Object{
		"EngineVersion": d.engine, "ServiceSoftwareOptions": d.software(),
		"DomainId": d.id, "DomainName": d.name, "ARN": c.arn("domain/" + d.name), "Created": true, "Deleted": false, "Processing": false,
		"AccessPolicies": d.policy, "ClusterConfig": wire.Object{"InstanceCount": int64(1)},
	}
	maps.Copy(out, d.options)
	return out
}

func describeDomain(c *call) (wire.Object, error) {
	d, err := c.domain()
	if err != nil {
		return nil, err
	}
	return wire.Object{"DomainStatus": d.describe(c)}, nil
}

// config is the domain's configuration, each part with its state.
func (d *domain) config() wire.Object {
	status := wire.Object{"State": "Active", "CreationDate": d.created, "UpdateDate": d.updated, "PendingDeletion": false}
	out := wire.Object{
		"AccessPolicies": wire.Object{"Options": d.policy, "Status": status}, "EngineVersion": wire.Object{"Options": d.engine, "Status": status},
	}
	for name, options := range d.options {
		out[name] = wire.Object{"Options": options, "Status": status}
	}
	return out
}

func describeDomainConfig(c *call) (wire.Object, error) {
	d, err := c.domain()
	if err != nil {
		return nil, err
	}
	return wire.Object{"DomainConfig": d.config()}, nil
}

func updateDomainConfig(c *call) (wire.Object, error) {
	d, err := c.domain()
	if err != nil {
		return nil, err
	}
	if err := d.update(c); err != nil {
		return nil, err
	}
	return wire.Object{"DomainConfig": d.config()}, nil
}

func listDomainNames(c *call) (wire.Object, error) {
	return wire.Object{"DomainNames": list(c.domains().all, func(d *domain) any {
		return wire.Object{"DomainName": d.name, "EngineType": "OpenSearch"}
	})}, nil
}

func listDomainTags(c *call) (wire.Object, error) {
	d, err := c.domain()
	if err != nil {
		return nil, err
	}
	return wire.Object{"TagList": tagList(d.tags)}, nil
}
