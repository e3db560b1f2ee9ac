import { parseSettings } from "../../../config/schema.ts";
import { type GateConfig, withSecrets } from "../../../domain/go-proxy/gate-config.ts";
