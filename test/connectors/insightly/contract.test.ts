import { keepsTheContract } from '../../conformance/keeps-the-contract.ts';
import { insightlySubject } from './subject.ts';

keepsTheContract('insightly, as the recipient of refusals and of its own erasure', insightlySubject);
