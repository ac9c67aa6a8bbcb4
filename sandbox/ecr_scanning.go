package sandbox

import (
	"regexp"
	"strings"

	"riposte.dev/sandbox/wire"
)

func putImageScanning(c *call) (wire.Object, error) {
	r, err := c.repository()
	if err != nil {
		return nil, err
	}
	r.scanOnPush = c.in.object("imageScanningConfiguration").flag("scanOnPush", false)
	c.touch("AWS::ECR::Repository", c.account.id, c.arn("repository/"+r.name))
	return wire.Object{
		"registryId": c.account.id, "repositoryName": r.name, "imageScanningConfiguration": wire.Object{"scanOnPush": r.scanOnPush},
	}, nil
}

// getRepositoryScanning says how the images of repositories are scanned in the
// end, by their own setting or by the registry's rules.
func getRepositoryScanning(c *call) (wire.Object, error) {
	found, failures := wire.List{}, wire.List{}
	for _, name := range c.repositoryNames() {
		r, err := c.repositoryNamed(name)
		if err != nil {
			failures = append(failures, wire.Object{
				"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": "The repository with name '" + name + "' does not exist",
			})
			continue
		}
		frequency, filters := c.registry().scanning(r)
		found = append(found, wire.Object{
			"repositoryArn": c.arn("repository/" + name), "repositoryName": name, "scanOnPush": frequency == "SCAN_ON_PUSH",
			"scanFrequency": frequency, "appliedScanFilters": filters,
		})
	}
	return wire.Object{"scanningConfigurations": found, "failures": failures}, nil
}

func (s *registry) scanning(r *repository) (frequency string, filters wire.List) {
	filters = wire.List{}
	if s.scanType == "BASIC" && r.scanOnPush {
		return "SCAN_ON_PUSH", filters
	}
	for _, rule := range s.rules {
		for _, f := range rule.objects("repositoryFilters") {
			if takesRepository(f.str("filter"), r.name) {
				return rule.str("scanFrequency"), append(filters, wire.Object(f))
			}
		}
	}
	return "MANUAL", filters
}

// takesRepository reports whether a filter of type WILDCARD takes a name: one
// without a wildcard takes every name that it is a part of.
func takesRepository(filter, name string) bool {
	if !strings.Contains(filter, "*") {
		return strings.Contains(name, filter)
	}
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(filter), `\*`, ".*") + "$").MatchString(name)
}

func (s *registry) describeScanning() wire.Object {
	return wire.Object{"scanType": s.scanType, "rules": list(s.rules, func(r input) any { return wire.Object(r) })}
}

func getRegistryScanning(c *call) (wire.Object, error) {
	return wire.Object{"registryId": c.account.id, "scanningConfiguration": c.registry().describeScanning()}, nil
}

func putRegistryScanning(c *call) (wire.Object, error) {
	s := c.registry()
	s.scanType, s.rules = orElse(c.in.str("scanType"), "BASIC"), c.in.objects("rules")
	return wire.Object{"registryScanningConfiguration": s.describeScanning()}, nil
}
