import { keepsTheContract } from '../../conformance/keeps-the-contract.ts';
import { ga4Subject } from './subject.ts';

keepsTheContract('ga4', ga4Subject);
