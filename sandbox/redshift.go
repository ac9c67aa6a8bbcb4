package sandbox

import (
	"maps"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// redshiftService answers for clusters, which store nothing and change at once
// (https://docs.aws.amazon.com/redshift/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html.
func redshiftService() *service {
	op := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, handle: handle, resources: func(c *call) []string {
			return []string{c.arn("cluster:" + orElse(c.in.str("ClusterIdentifier"), "*"))}
		}}
	}
	return &service{
		name: "redshift", prefix: "redshift",
		operations: []operation{
			op("CreateCluster", createWarehouse),
			op("DescribeClusters", describeWarehouses),
			op("ModifyCluster", modifyWarehouse),
			op("PauseCluster", setWarehouseStatus("available", "paused")),
			op("ResumeCluster", setWarehouseStatus("paused", "available")),
			op("EnableLogging", enableWarehouseLogging),
			op("DisableLogging", disableWarehouseLogging),
			op("DescribeLoggingStatus", describeWarehouseLogging),
			op("EnableSnapshotCopy", copyWarehouseSnapshots),
		},
	}
}

// warehouses are the Redshift clusters of an account in a region.
type warehouses struct{ all []*warehouse }

type warehouse struct {
	id, nodeType, status     string
	public, routed, upgrades bool
	encrypted                bool
	copies                   string // the region that snapshots are copied to
	retention                int    // days that automated snapshots are kept
	created                  time.Time
	logging                  wire.Object // as DescribeLoggingStatus says it
	tags                     map[string]string
}

func newWarehouses() *warehouses { return &warehouses{} }

func (s *warehouses) clone() stater {
	out := newWarehouses()
	for _, w := range s.all {
		c := *w
		c.tags = maps.Clone(w.tags)
		out.all = append(out.all, &c)
	}
	return out
}

func (c *call) warehouses() *warehouses {
	return stateOf(c, stateKey{"redshift", c.account.id, c.region}, newWarehouses)
}

func (c *call) warehouse() (*warehouse, error) {
	id := c.in.str("ClusterIdentifier")
	w := firstWhere(c.warehouses().all, func(w *warehouse) bool { return strings.EqualFold(w.id, id) })
	if w == nil {
		return nil, wire.Errorf("ClusterNotFound", "Cluster %s not found.", id)
	}
	return w, nil
}

// elastic node types keep automated snapshots for a day at least.
func (w *warehouse) elastic() bool { return strings.HasPrefix(w.nodeType, "ra3.") }

func (w *warehouse) retain(days int) error {
	if days < 0 || days > 35 || days == 0 && w.elastic() {
		return wire.Errorf("InvalidParameterValue", "Invalid automated snapshot retention period: %d", days)
	}
	w.retention = days
	return nil
}

func createWarehouse(c *call) (wire.Object, error) {
	if w, _ := c.warehouse(); w != nil {
		return nil, wire.Errorf("ClusterAlreadyExists", "Cluster already exists")
	}
	w := &warehouse{
		id: lower(c.in.str("ClusterIdentifier")), nodeType: c.in.str("NodeType"), status: "available", created: c.time.UTC(), tags: c.inputTags(),
		public: c.in.flag("PubliclyAccessible", false), routed: c.in.flag("EnhancedVpcRouting", false), upgrades: c.in.flag("AllowVersionUpgrade", true),
		encrypted: c.in.flag("Encrypted", false),
		logging:   wire.Object{"LoggingEnabled": false},
	}
	if err := w.retain(c.in.number("AutomatedSnapshotRetentionPeriod", 1)); err != nil {
		return nil, err
	}
	s := c.warehouses()
	s.all = append(s.all, w)
	c.subject("AWS::Redshift::Cluster", w.id)
	return wire.Object{"Cluster": w.describe()}, nil
}

func (w *warehouse) describe() wire.Object {
	out := wire.Object{
		"ClusterIdentifier": w.id, "NodeType": w.nodeType, "ClusterStatus": w.status, "PubliclyAccessible": w.public, "EnhancedVpcRouting": w.routed,
		"AllowVersionUpgrade": w.upgrades, "Encrypted": w.encrypted, "AutomatedSnapshotRetentionPeriod": int64(w.retention), "ClusterCreateTime": w.created,
		"PendingModifiedValues": wire.Object{}, "Tags": tagList(w.tags),
	}
	if w.copies != "" {
		out["ClusterSnapshotCopyStatus"] = wire.Object{"DestinationRegion": w.copies, "RetentionPeriod": int64(7)}
	}
	return out
}

func copyWarehouseSnapshots(c *call) (wire.Object, error) {
	w, err := c.availableWarehouse()
	switch {
	case err != nil:
		return nil, err
	case w.copies != "":
		return nil, wire.Errorf("SnapshotCopyAlreadyEnabledFault", "Cross-region snapshot copy is enabled already.")
	case w.encrypted && !c.in.has("SnapshotCopyGrantName"):
		return nil, wire.Errorf("InvalidParameterValue", "A snapshot copy grant is needed for an encrypted cluster.")
	}
	w.copies = c.in.str("DestinationRegion")
	return wire.Object{"Cluster": w.describe()}, nil
}

func describeWarehouses(c *call) (wire.Object, error) {
	all := c.warehouses().all
	if c.in.has("ClusterIdentifier") {
		w, err := c.warehouse()
		if err != nil {
			return nil, err
		}
		all = []*warehouse{w}
	}
	return markerPage(c, "Clusters", all, func(w *warehouse) any { return w.describe() })
}

// availableWarehouse is the cluster that the input names, if it may change.
func (c *call) availableWarehouse() (*warehouse, error) {
	w, err := c.warehouse()
	if err == nil && w.status != "available" {
		return nil, wire.Errorf("InvalidClusterState", "There is an operation running on the Cluster, or it is %s.", w.status)
	}
	return w, err
}

func modifyWarehouse(c *call) (wire.Object, error) {
	w, err := c.availableWarehouse()
	if err != nil {
		return nil, err
	}
	if c.in.flag("Encrypted", w.encrypted) != w.encrypted && w.copies != "" {
		return nil, wire.Errorf("InvalidClusterState", "Disable cross-region snapshot copy before you change the encryption of the cluster.")
	}
	if err := w.retain(c.in.number("AutomatedSnapshotRetentionPeriod", w.retention)); err != nil {
		return nil, err
	}
	w.public = c.in.flag("PubliclyAccessible", w.public)
	w.routed = c.in.flag("EnhancedVpcRouting", w.routed)
	w.upgrades = c.in.flag("AllowVersionUpgrade", w.upgrades)
	w.encrypted = c.in.flag("Encrypted", w.encrypted)
	c.subject("AWS::Redshift::Cluster", w.id)
	return wire.Object{"Cluster": w.describe()}, nil
}

func setWarehouseStatus(from, to string) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		w, err := c.warehouse()
		if err != nil {
			return nil, err
		}
		if w.status != from {
			return nil, wire.Errorf("InvalidClusterState", "The cluster is %s.", w.status)
		}
		w.status = to
		return wire.Object{"Cluster": w.describe()}, nil
	}
}

func enableWarehouseLogging(c *call) (wire.Object, error) {
	w, err := c.availableWarehouse()
	if err != nil {
		return nil, err
	}
	logging := wire.Object{"LoggingEnabled": true}
	switch to := orElse(c.in.str("LogDestinationType"), "s3"); {
	case to == "s3" && !c.in.has("BucketName"):
		return nil, wire.Errorf("InvalidParameterValue", "BucketName is required to log to S3.")
	case to == "s3":
		logging["BucketName"], logging["S3KeyPrefix"] = c.in.str("BucketName"), c.in.str("S3KeyPrefix")
	case len(c.in.strs("LogExports")) == 0:
		return nil, wire.Errorf("InvalidParameterValue", "LogExports are required to log to CloudWatch.")
	default:
		logging["LogDestinationType"], logging["LogExports"] = to, strList(c.in.strs("LogExports"))
	}
	w.logging = logging
	return w.logging, nil
}

func disableWarehouseLogging(c *call) (wire.Object, error) {
	w, err := c.availableWarehouse()
	if err != nil {
		return nil, err
	}
	w.logging = wire.Object{"LoggingEnabled": false}
	return w.logging, nil
}

func describeWarehouseLogging(c *call) (wire.Object, error) {
	w, err := c.warehouse()
	if err != nil {
		return nil, err
	}
	return w.logging, nil
}
