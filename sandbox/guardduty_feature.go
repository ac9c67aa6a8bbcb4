package sandbox

import (
	"maps"
	"slices"

	"riposte.dev/sandbox/wire"
)

// feature is one of a detector's protection plans: whether it is on, with what
// is on of what belongs to it
// (https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-features-activation-model.html).
type feature struct {
	on   bool
	with map[string]bool // by name
}

// foundational are on as long as the detector is.
var foundational = []string{"CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"}

// newFeatures are those of a new detector: all but those that need an agent.
func newFeatures() map[string]feature {
	features := map[string]feature{
		"EKS_RUNTIME_MONITORING": {with: map[string]bool{"EKS_ADDON_MANAGEMENT": false}},
		"RUNTIME_MONITORING":     {with: map[string]bool{"EKS_ADDON_MANAGEMENT": false, "ECS_FARGATE_AGENT_MANAGEMENT": false, "EC2_AGENT_MANAGEMENT": false}},
	}
	for _, name := range []string{"S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS"} {
		features[name] = feature{on: true}
	}
	return features
}

// dataSources are the features that there were before they were called so, by
// the names of what holds the value in the input and in the output
// (https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-feature-object-api-changes-march2023.html).
var dataSources = map[string][]string{
	"S3_DATA_EVENTS":         {"S3Logs", "Enable"},
	"EKS_AUDIT_LOGS":         {"Kubernetes", "AuditLogs", "Enable"},
	"EBS_MALWARE_PROTECTION": {"MalwareProtection", "ScanEc2InstanceWithFindings", "EbsVolumes"},
}

// namedFeatures are those that the input names, in either form.
func namedFeatures(c *call) []input {
	named := c.in.objects("Features")
	for _, name := range slices.Sorted(maps.Keys(dataSources)) {
		at, path := c.in.object("DataSources"), dataSources[name]
		for _, member := range path[:len(path)-1] {
			at = at.object(member)
		}
		if value := path[len(path)-1]; at.has(value) {
			named = append(named, input{"Name": name, "Status": guarddutyStatus(at.flag(value, false))})
		}
	}
	return named
}

// describeDataSources has the older form of the same.
func (d *detector) describeDataSources() wire.Object {
	status := func(on bool) wire.Object { return wire.Object{"Status": guarddutyStatus(on)} }
	out := wire.Object{"CloudTrail": status(true), "DNSLogs": status(true), "FlowLogs": status(true)}
	out["S3Logs"] = status(d.features["S3_DATA_EVENTS"].on)
	out["Kubernetes"] = wire.Object{"AuditLogs": status(d.features["EKS_AUDIT_LOGS"].on)}
	out["MalwareProtection"] = wire.Object{"ScanEc2InstanceWithFindings": wire.Object{"EbsVolumes": status(d.features["EBS_MALWARE_PROTECTION"].on)}}
	return out
}

// malwareNeeds is the permission to have the role made by which volumes are
// read, where the input turns that on.
func malwareNeeds(c *call) []need {
	for _, f := range namedFeatures(c) {
		if f.str("Name") == "EBS_MALWARE_PROTECTION" && f.str("Status") == "ENABLED" {
			return malwareRole.needs(c)
		}
	}
	return nil
}

// setFeatures changes those that the input names.
func (d *detector) setFeatures(c *call) error {
	if c.in.has("Features") && c.in.has("DataSources") {
		return wire.Errorf("BadRequestException", "The request failed because both data sources and features were provided. You can provide only one; it is recommended to use features.")
	}
	features := maps.Clone(d.features)
	for _, in := range namedFeatures(c) {
		name := in.str("Name")
		f, known := features[name]
		if !known {
			return guarddutyRefuses("the parameter features has an invalid value")
		}
		f.on, f.with = in.str("Status") == "ENABLED", maps.Clone(f.with)
		for _, more := range in.objects("AdditionalConfiguration") {
			if _, known := f.with[more.str("Name")]; !known {
				return guarddutyRefuses("the parameter additionalConfiguration has an invalid value")
			}
			f.with[more.str("Name")] = more.str("Status") == "ENABLED"
		}
		features[name] = f
		if name == "EBS_MALWARE_PROTECTION" && f.on {
			malwareRole.make(c)
		}
	}
	if features["EKS_RUNTIME_MONITORING"].on && features["RUNTIME_MONITORING"].on {
		return guarddutyRefuses("EKS_RUNTIME_MONITORING and RUNTIME_MONITORING can not be enabled at the same time")
	}
	d.features = features
	return nil
}

func guarddutyStatus(on bool) string {
	if on {
		return "ENABLED"
	}
	return "DISABLED"
}

// describeFeatures has those first that are always on.
func (d *detector) describeFeatures() wire.List {
	out := wire.List{}
	for _, name := range foundational {
		out = append(out, wire.Object{"Name": name, "Status": "ENABLED", "UpdatedAt": d.created})
	}
	for _, name := range slices.Sorted(maps.Keys(d.features)) {
		f := d.features[name]
		one := wire.Object{"Name": name, "Status": guarddutyStatus(f.on), "UpdatedAt": d.updated}
		if f.with != nil {
			with := wire.List{}
			for _, more := range slices.Sorted(maps.Keys(f.with)) {
				with = append(with, wire.Object{"Name": more, "Status": guarddutyStatus(f.with[more]), "UpdatedAt": d.updated})
			}
			one["AdditionalConfiguration"] = with
		}
		out = append(out, one)
	}
	return out
}
