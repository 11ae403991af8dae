// Settings that are allowed, and may not be meant.

import type { Loaded } from '../config.ts'
import { type Finding, ok, warning } from './finding.ts'

const local = /^(127\.|localhost$|::1$)/

/** What is wrong with each setting by itself, and what contradicts, `loadConfig` says. */
export function lookAtSettings({ config, warnings }: Pick<Loaded, 'config' | 'warnings'>): readonly Finding[] {
  const open = !local.test(config.host)
  // What to do stands in the sentence.
  const findings: Finding[] = warnings.map((detail) => ({ level: 'warning', what: 'variables', detail }))
  const warn = (what: string, detail: string, advice: string): void => void findings.push(warning(what, detail, advice))
  if (open && config.publicUrl === undefined && config.origins.length === 0)
    warn(
      'PARLEY_HOST',
      `${config.host} is reached from outside, without encryption, and neither PARLEY_PUBLIC_URL nor PARLEY_ORIGINS is set`,
      'Put a proxy with TLS in front and listen on 127.0.0.1; set PARLEY_PUBLIC_URL to its address.',
    )
  if (config.publicUrl?.startsWith('http://') && !local.test(new URL(config.publicUrl).hostname))
    warn('PARLEY_PUBLIC_URL', 'is not encrypted: passwords and tokens can be read on the way', 'Use https.')
  if (config.publicUrl !== undefined && !config.trustProxy && !open)
    warn(
      'PARLEY_TRUST_PROXY',
      'is off, so behind a proxy all people have one address and share its limits',
      'Switch it on if the proxy sets X-Forwarded-For.',
    )
  if (config.trustProxy && open)
    warn(
      'PARLEY_TRUST_PROXY',
      `is on, and ${config.host} can be reached without the proxy: callers can then name any address as theirs`,
      'Listen where only the proxy can reach it: 127.0.0.1, or an inner network.',
    )
  if (config.origins.includes('*'))
    warn('PARLEY_ORIGINS', 'is *: pages of every web site may call', 'List the origins that are meant.')
  if ((open || config.publicUrl !== undefined) && config.registration === 'open')
    warn(
      'PARLEY_REGISTRATION',
      'is open: everyone who reaches the server can make an account',
      'Leave it if that is meant; otherwise set it to closed, and make accounts with parley user create.',
    )
  if (!config.rateLimits)
    warn('PARLEY_RATE_LIMITS', 'are off: passwords can be guessed as fast as the machine can', 'Switch them on.')
  if (config.metrics === 'public' && open)
    warn('PARLEY_METRICS', 'are public', 'Set it to local, and let Prometheus read on this machine.')
  return findings.length > 0 ? findings : [ok('settings', 'nothing contradicts, and nothing is risky')]
}
